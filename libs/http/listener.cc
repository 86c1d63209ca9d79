// SPDX-License-Identifier: Apache-2.0
#include "libs/http/listener.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/address.h"
#include "libs/http/connection.h"

namespace belfry::http {
namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::milliseconds kFullPause{20};
// Accepted and not started. A storm of reconnects overflows the kernel's queues when connections
// are accepted one by one, and who finds them full comes back a second later at the earliest (TCP's
// first retransmission, RFC 6298): docs/benchmarks.md has what that cost. A socket that waits here
// is small.
constexpr std::size_t kWaitingMax = 4096;
constexpr std::size_t kQueuesMax = 64;
// The kernel makes net.core.somaxconn of it (listen(2)); SOMAXCONN is what that was when the C
// library was made.
constexpr int kBacklog = std::numeric_limits<int>::max();
// With more, each with its buffers, the heap grows for a moment and does not shrink again.
constexpr int kStartedAtOnceMax = 16;

Result<asio::ip::tcp::endpoint> ParseAddress(std::string_view address) {
  const auto bad = [address](std::string_view why) {
    return Fail(Code::kInvalidArgument,
                "listen on \"" + std::string(address) + "\": " + std::string(why));
  };
  const auto parts = SplitHostPort(address);
  if (!parts) {
    return bad("it is not an address and a port of 0-65535");
  }
  const std::string_view host =
      !parts->bracketed && parts->host == "localhost" ? "127.0.0.1" : parts->host;
  ErrorCode error;
  const auto ip = asio::ip::make_address(std::string(host), error);
  if (error) {
    return bad("not an IP address");
  }
  return asio::ip::tcp::endpoint(ip, parts->port);
}

std::string AddressText(const asio::ip::tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// What the kernel's queue of one listening socket holds at most; 0: unknown.
std::size_t Somaxconn() {
  std::size_t somaxconn = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> somaxconn;
  return somaxconn;
}

}  // namespace

Listener::Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

std::size_t QueuesFor(std::size_t unaccepted_max, std::size_t somaxconn) {
  if (somaxconn == 0) {
    return 1;
  }
  return std::clamp((unaccepted_max + somaxconn - 1) / somaxconn, std::size_t{1}, kQueuesMax);
}

Listener::Listener(std::shared_ptr<ServerState> state)
    : state_(std::move(state)), timer_(state_->io) {}

Status Listener::Open() {
  const ServerOptions& options = state_->options;
  auto endpoint = ParseAddress(options.address);
  if (!endpoint.ok()) {
    return Fail(std::move(endpoint.error()));
  }
  const std::size_t queues =
      options.reuse_port ? QueuesFor(options.limits.unaccepted_max, Somaxconn()) : 1;
  ErrorCode error;
  while (!error && queues_.size() < queues) {
    error = OpenQueue(*endpoint);
    if (!error && queues_.size() == 1) {
      port_ = queues_.front().acceptor.local_endpoint(error).port();
      endpoint->port(port_);
    }
  }
  if (error) {
    return Fail(Code::kUnavailable,
                "listen on " + options.address + ": " + error.message() +
                    (error == asio::error::address_in_use
                         ? "; \"ss -ltnp\" says by whom: end that, or choose another port"
                         : ""));
  }
  return {};
}

ErrorCode Listener::OpenQueue(const asio::ip::tcp::endpoint& endpoint) {
  Acceptor& acceptor = queues_.emplace_back(Queue{Acceptor(state_->io)}).acceptor;
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error && state_->options.reuse_port) {
    const int on = 1;
    if (setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
      error.assign(errno, boost::system::system_category());
    }
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(kBacklog, error);
  }
  if (!error) {
    acceptor.non_blocking(true, error);
  }
  return error;
}

void Listener::Accept() {
  busy_ = false;
  for (Queue& queue : queues_) {
    if (!std::exchange(queue.awaited, true)) {
      queue.acceptor.async_wait(Acceptor::wait_read,
                                [self = shared_from_this(), &queue](const ErrorCode& error) {
                                  self->OnReadable(queue, error);
                                });
    }
  }
}

void Listener::OnReadable(Queue& queue, const ErrorCode& error) {
  queue.awaited = false;
  // Whoever is busy looks into all queues and awaits all of them afterwards.
  if (closed_ || std::exchange(busy_, true)) {
    return;
  }
  if (error) {
    return Pause(error);
  }
  StartSome();
}

void Listener::TakeAllThatWait() {
  full_ = false;
  for (Queue& queue : queues_) {
    TakeFrom(queue.acceptor);
  }
}

void Listener::TakeFrom(Acceptor& acceptor) {
  // Counted, and not by what is kept: a flood beyond connections_max must not hold the thread.
  for (std::size_t taken = waiting_.size(); !failed_ && taken < kWaitingMax; ++taken) {
    if (!MakesRoom(acceptor)) {
      return;
    }
    asio::ip::tcp::endpoint peer;
    auto length = static_cast<socklen_t>(peer.capacity());
    const int fd =
        accept4(acceptor.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      peer.resize(length);
      Take({Descriptor(fd), peer});
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      failed_.assign(errno, boost::system::system_category());
    }
  }
}

bool Listener::MakesRoom(Acceptor& acceptor) {
  if (state_->open() + waiting_.size() < state_->options.limits.connections_max) {
    return true;
  }
  // In a storm of reconnects those that were taken come first; nobody gives way for their sake.
  if (!waiting_.empty()) {
    return false;
  }
  pollfd listening{acceptor.native_handle(), POLLIN, 0};
  if (poll(&listening, 1, 0) <= 0) {
    return false;  // nobody asks for it
  }
  if (!state_->CloseOldestIdle()) {
    state_->Count(Reason::kConnections);
    full_ = true;
    return false;
  }
  return true;
}

void Listener::Take(Waiting waiting) {
  if (std::exchange(pausing_, false)) {
    state_->log.Info("accepting connections again");
  }
  waiting_.push_back(std::move(waiting));
}

void Listener::StartSome() {
  if (closed_) {
    return;
  }
  TakeAllThatWait();
  for (int started = 0; started < kStartedAtOnceMax && !waiting_.empty(); ++started) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    Start(std::move(next));
  }
  if (!waiting_.empty()) {
    asio::post(state_->io, [self = shared_from_this()] { self->StartSome(); });
  } else if (failed_) {
    Pause(std::exchange(failed_, {}));
  } else if (full_) {
    AcceptLater(kFullPause);
  } else {
    Accept();
  }
}

void Listener::Start(Waiting waiting) {
  Socket socket(state_->io);
  ErrorCode error;
  socket.assign(waiting.peer.protocol(), waiting.socket.get(), error);
  if (error) {
    state_->Count(Reason::kDescriptors);
    return;
  }
  waiting.socket.Release();
  const std::string address = AddressText(waiting.peer);
  auto connection = std::make_shared<Connection>(state_, std::move(socket), address);
  if (!state_->Add(connection, address)) {
    state_->Count(Reason::kAddress);
    return;
  }
  connection->Start();
}

void Listener::Pause(const ErrorCode& error) {
  state_->Count(Reason::kDescriptors);
  if (!std::exchange(pausing_, true)) {
    state_->log.Warn("cannot accept connections", {{"error", error.message()}});
  }
  AcceptLater(kPause);
}

void Listener::AcceptLater(std::chrono::milliseconds pause) {
  timer_.expires_after(pause);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& stopped) {
    if (!stopped && !self->closed_) {
      self->Accept();
    }
  });
}

void Listener::Close() {
  closed_ = true;
  for (Queue& queue : queues_) {
    ErrorCode ignored;
    queue.acceptor.close(ignored);
  }
  waiting_.clear();
  timer_.cancel();
}

}  // namespace belfry::http
