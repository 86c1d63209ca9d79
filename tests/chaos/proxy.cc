// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "libs/common/check.h"

namespace belfry::chaos {
namespace {

using test::Socket;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr std::size_t kQueuedMax = 256 * 1024;
constexpr std::size_t kTrickleBytes = 32;
constexpr Millis kTrickleEvery{1};

// What is on its way from one end to the other.
struct Pipe {
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };
  std::deque<Chunk> chunks;
  std::size_t queued = 0;
  bool ended = false;      // the sender has closed its side
  bool passed_on = false;  // and so has this end, to the receiver
  bool blocked = false;    // the receiver takes no more for now
};

struct Connection {
  std::array<Socket, 2> ends;  // who called, and the target
  std::array<Pipe, 2> to;      // by the receiving end
  std::optional<std::size_t> cut_after;
  bool silent = false;
  bool over = false;
};

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Closing then sends a reset.
void ResetAtClose(const Socket& socket) {
  const linger at_once{1, 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

struct Proxy::Impl {
  Impl() {
    listener = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    BELFRY_CHECK(bind(listener.fd(), raw, size) == 0 && listen(listener.fd(), 1024) == 0);
    BELFRY_CHECK(getsockname(listener.fd(), raw, &size) == 0);
    port = ntohs(address.sin_port);
    wake = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    BELFRY_CHECK(wake.valid());
    thread = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    Wake();
    thread.join();
  }

  void Wake() const {
    const std::uint64_t one = 1;
    const ssize_t written = write(wake.fd(), &one, sizeof one);
    BELFRY_CHECK(written == sizeof one || errno == EAGAIN);
  }

  void Run() {
    std::vector<pollfd> polled;
    while (true) {
      int wait_ms = 0;
      {
        const std::lock_guard lock(mutex);
        if (stopping) {
          return;
        }
        polled = {{wake.fd(), POLLIN, 0}, {listener.fd(), POLLIN, 0}};
        for (const Connection& connection : connections) {
          AddTo(connection, &polled);
        }
        wait_ms = MillisToNext();
      }
      poll(polled.data(), polled.size(), wait_ms);
      const std::lock_guard lock(mutex);
      std::uint64_t ignored = 0;
      while (read(wake.fd(), &ignored, sizeof ignored) > 0) {
      }
      std::size_t at = 2;
      for (Connection& connection : connections) {
        for (const int end : {0, 1}) {
          OnReady(connection, end, polled[at++].revents);
        }
      }
      for (Connection& connection : connections) {
        for (const int end : {0, 1}) {
          PassOn(connection, end);
        }
      }
      connections.remove_if([](const Connection& connection) { return connection.over; });
      if ((polled[1].revents & POLLIN) != 0) {
        AcceptAll();
      }
    }
  }

  // All below with the mutex held.

  static void AddTo(const Connection& connection, std::vector<pollfd>* polled) {
    for (const int end : {0, 1}) {
      const Pipe& out = connection.to[1 - end];
      short events = 0;
      if (!out.ended && out.queued < kQueuedMax) {
        events |= POLLIN;
      }
      if (connection.to[end].blocked) {
        events |= POLLOUT;
      }
      // poll() reports the end of a socket even without events to wait for, over and over.
      polled->push_back({events == 0 ? -1 : connection.ends[end].fd(), events, 0});
    }
  }

  int MillisToNext() const {
    auto next = Clock::now() + std::chrono::seconds(1);
    for (const Connection& connection : connections) {
      for (const Pipe& pipe : connection.to) {
        if (pipe.blocked || pipe.chunks.empty()) {
          continue;
        }
        next = std::min(next, trickle ? Clock::now() + kTrickleEvery : pipe.chunks.front().due);
      }
    }
    const auto left = std::chrono::ceil<Millis>(next - Clock::now()).count();
    return static_cast<int>(std::max<Millis::rep>(left, 0));
  }

  void AcceptAll() {
    while (true) {
      Socket caller(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!caller.valid()) {
        return;
      }
      if (!target) {
        continue;
      }
      auto onward = test::StartConnecting(*target);
      if (!onward.ok()) {
        continue;
      }
      ++counts.connections;
      SetNoDelay(caller.fd());
      SetNoDelay(onward->fd());
      Connection& connection = connections.emplace_back();
      connection.ends = {std::move(caller), *std::move(onward)};
      connection.to[1].blocked = true;  // until it is connected
    }
  }

  void OnReady(Connection& connection, int end, short ready) {
    if ((ready & POLLOUT) != 0) {
      connection.to[end].blocked = false;
    }
    if ((ready & (POLLIN | POLLHUP | POLLERR)) == 0 || connection.over) {
      return;
    }
    Pipe& out = connection.to[1 - end];
    std::array<char, 16 * 1024> buffer;
    const ssize_t n = recv(connection.ends[end].fd(), buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (connection.silent) {
      return Swallow(connection, end, n);
    }
    if (n > 0) {
      out.chunks.push_back(
          {Clock::now() + late, std::string(buffer.data(), static_cast<std::size_t>(n))});
      out.queued += static_cast<std::size_t>(n);
    } else if (n == 0) {
      out.ended = true;
    } else {
      Cut(connection);
    }
  }

  void Swallow(Connection& connection, int end, ssize_t n) {
    if (n > 0) {
      counts.swallowed += static_cast<std::size_t>(n);
      return;
    }
    connection.to[1 - end].ended = true;  // and the other end does not learn it
    connection.over = connection.to[0].ended && connection.to[1].ended;
  }

  void PassOn(Connection& connection, int end) {
    Pipe& pipe = connection.to[end];
    const int fd = connection.ends[end].fd();
    std::size_t budget = trickle ? kTrickleBytes : kQueuedMax;
    while (!connection.over && !connection.silent && !pipe.blocked && !pipe.chunks.empty() &&
           pipe.chunks.front().due <= Clock::now() && budget > 0) {
      std::string& bytes = pipe.chunks.front().bytes;
      std::size_t size = trickle ? 1 : std::min(bytes.size(), budget);
      if (connection.cut_after) {
        size = std::min(size, *connection.cut_after);
      }
      const ssize_t n = send(fd, bytes.data(), size, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return Cut(connection);
      }
      pipe.blocked = n < 0;
      const std::size_t sent = n < 0 ? 0 : static_cast<std::size_t>(n);
      bytes.erase(0, sent);
      if (bytes.empty()) {
        pipe.chunks.pop_front();
      }
      pipe.queued -= sent;
      budget -= sent;
      counts.bytes += sent;
      if (trickle) {
        counts.pieces += sent;
      }
      if (!connection.cut_after) {
        continue;
      }
      *connection.cut_after -= sent;
      if (*connection.cut_after == 0) {
        ++counts.cut;
        return Cut(connection);
      }
    }
    if (pipe.ended && pipe.chunks.empty() && !pipe.passed_on && !connection.silent) {
      pipe.passed_on = true;
      shutdown(fd, SHUT_WR);
      connection.over = connection.over || connection.to[1 - end].passed_on;
    }
  }

  static void Cut(Connection& connection) {
    for (const Socket& socket : connection.ends) {
      ResetAtClose(socket);
    }
    connection.over = true;
  }

  Socket listener;
  Socket wake;
  std::uint16_t port = 0;

  mutable std::mutex mutex;
  // Guarded by it.
  bool stopping = false;
  std::optional<test::Endpoint> target;
  Millis late{0};
  bool trickle = false;
  Counts counts;
  std::list<Connection> connections;
  std::mt19937 random{1};

  std::thread thread;
};

Proxy::Proxy() : impl_(std::make_unique<Impl>()) {}
Proxy::~Proxy() = default;

test::Endpoint Proxy::endpoint() const { return {"127.0.0.1", impl_->port}; }

void Proxy::SetTarget(const test::Endpoint& target) {
  const std::lock_guard lock(impl_->mutex);
  impl_->target = target;
}

void Proxy::Delay(std::chrono::milliseconds late) {
  const std::lock_guard lock(impl_->mutex);
  impl_->late = late;
}

void Proxy::Trickle(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->trickle = on;
}

void Proxy::CutWithin(std::size_t bytes_max) {
  const std::lock_guard lock(impl_->mutex);
  std::uniform_int_distribution<std::size_t> bytes(1, bytes_max);
  for (Connection& connection : impl_->connections) {
    connection.cut_after = bytes(impl_->random);
  }
}

void Proxy::FallSilent() {
  const std::lock_guard lock(impl_->mutex);
  for (Connection& connection : impl_->connections) {
    connection.silent = true;
    for (Pipe& pipe : connection.to) {
      pipe.chunks.clear();
      pipe.queued = 0;
    }
  }
}

Proxy::Counts Proxy::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

}  // namespace belfry::chaos
