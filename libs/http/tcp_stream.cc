// SPDX-License-Identifier: Apache-2.0
#include "libs/http/tcp_stream.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "libs/common/address.h"

namespace belfry::http {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;

// Waits for `events`. kDeadlineExceeded.
Status Await(int socket, short events, SteadyTime deadline) {
  while (true) {
    using std::chrono::milliseconds;
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    constexpr std::int64_t kPollMax = 60'000;
    const int wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, kPollMax));
    pollfd awaited{socket, events, 0};
    const int ready = poll(&awaited, 1, wait);
    if (ready > 0) {
      return {};
    }
    if (ready < 0 && errno != EINTR) {
      return Fail(Code::kUnavailable, std::strerror(errno));
    }
    if (left <= 0) {
      return Fail(Code::kDeadlineExceeded, "timed out");
    }
  }
}

// The connected socket. Unavailable or timed out.
Result<int> ConnectTo(const addrinfo& target, SteadyTime deadline) {
  const int fd = socket(target.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return Fail(Code::kUnavailable, std::strerror(errno));
  }
  int error = 0;
  if (connect(fd, target.ai_addr, target.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      if (Status ready = Await(fd, POLLOUT, deadline); !ready.ok()) {
        close(fd);
        return Fail(std::move(ready.error()));
      }
      socklen_t size = sizeof error;
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  if (error != 0) {
    close(fd);
    return Fail(Code::kUnavailable, std::strerror(error));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

}  // namespace

Result<TcpStream> TcpStream::Connect(const std::string& address, SteadyTime deadline) {
  const std::string doing = "connect to " + address;
  const auto parts = SplitHostPort(address);
  if (!parts) {
    return Fail(Code::kInvalidArgument, doing + ": not HOST:PORT");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int resolved = getaddrinfo(std::string(parts->host).c_str(),
                                   std::string(parts->port_text).c_str(), &hints, &found);
  if (resolved != 0) {
    return Fail(Code::kUnavailable, doing + ": " + gai_strerror(resolved));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  Error last{Code::kUnavailable, "no address"};
  for (const addrinfo* target = found; target != nullptr; target = target->ai_next) {
    const auto connected = ConnectTo(*target, deadline);
    if (connected.ok()) {
      return TcpStream(*connected);
    }
    last = connected.error();
  }
  return Fail(Wrap(doing, std::move(last)));
}

TcpStream::~TcpStream() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

Status TcpStream::Send(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return Fail(Code::kUnavailable, std::string("send: ") + std::strerror(errno));
    }
    if (Status ready = Await(socket_, POLLOUT, deadline); !ready.ok()) {
      return ready;
    }
  }
  return {};
}

Result<std::string> TcpStream::Receive(SteadyTime deadline) {
  std::string bytes(kReceiveBytes, '\0');
  while (true) {
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
    if (got >= 0) {
      bytes.resize(static_cast<std::size_t>(got));
      return bytes;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return Fail(Code::kUnavailable, std::string("receive: ") + std::strerror(errno));
    }
    if (Status ready = Await(socket_, POLLIN, deadline); !ready.ok()) {
      return Fail(std::move(ready.error()));
    }
  }
}

}  // namespace belfry::http
