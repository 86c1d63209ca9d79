// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "libs/common/check.h"

namespace belfry::test {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

sockaddr_in Address(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  BELFRY_CHECK(inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) == 1);
  return address;
}

// Waits until `events` or the deadline; false when it has passed.
bool WaitFor(int fd, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
  pollfd polled{fd, events, 0};
  return poll(&polled, 1, static_cast<int>(std::max<Millis::rep>(left.count(), 0))) > 0;
}

// Appends what can be read now; false at the end of the stream.
bool ReadSome(int fd, std::string* into) {
  char buffer[16 * 1024];
  const ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0) {
    into->append(buffer, static_cast<std::size_t>(n));
  }
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The head's status and headers; nothing while "\r\n\r\n" has not come.
std::optional<HttpAnswer> ParseHead(const std::string& bytes, std::size_t* body_begins) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  *body_begins = end + 4;
  HttpAnswer answer;
  std::size_t line = bytes.find("\r\n") + 2;
  if (bytes.size() > 12) {
    answer.status = std::atoi(bytes.c_str() + 9);
  }
  while (line < end + 2) {
    const std::size_t line_end = bytes.find("\r\n", line);
    const std::size_t colon = bytes.find(':', line);
    if (colon != std::string::npos && colon < line_end) {
      const std::size_t value = std::min(bytes.find_first_not_of(' ', colon + 1), line_end);
      answer.headers[Lower(bytes.substr(line, colon - line))] =
          bytes.substr(value, line_end - value);
    }
    line = line_end + 2;
  }
  return answer;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) {
      close(fd_);
    }
    fd_ = other.Release();
  }
  return *this;
}

int Socket::Release() { return std::exchange(fd_, -1); }

std::uint16_t FreePort(const std::string& host) {
  const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Address({host, 0});
  BELFRY_CHECK(bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  BELFRY_CHECK(getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

Result<Socket> StartConnecting(const Endpoint& to) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) {
    return Fail(Code::kResourceExhausted, std::strerror(errno));
  }
  const sockaddr_in address = Address(to);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    return Fail(Code::kUnavailable, "connect " + to.ToString() + ": " + std::strerror(errno));
  }
  return socket;
}

Result<Socket> Connect(const Endpoint& to, Millis timeout) {
  auto socket = StartConnecting(to);
  if (!socket.ok()) {
    return socket;
  }
  if (!WaitFor(socket->fd(), POLLOUT, Clock::now() + timeout)) {
    return Fail(Code::kDeadlineExceeded, "connect " + to.ToString());
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    return Fail(Code::kUnavailable, "connect " + to.ToString() + ": " + std::strerror(error));
  }
  return socket;
}

Status SendAll(const Socket& socket, std::string_view bytes, Millis timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!bytes.empty()) {
    const ssize_t n = send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      return Fail(Code::kUnavailable, std::string("send: ") + std::strerror(errno));
    } else if (!WaitFor(socket.fd(), POLLOUT, deadline)) {
      return Fail(Code::kDeadlineExceeded, "send: the peer takes no more");
    }
  }
  return {};
}

std::string ReadUntil(const Socket& socket, std::string_view until, Millis timeout) {
  const auto deadline = Clock::now() + timeout;
  std::string bytes;
  while ((until.empty() || bytes.find(until) == std::string::npos) &&
         WaitFor(socket.fd(), POLLIN, deadline)) {
    if (!ReadSome(socket.fd(), &bytes)) {
      break;
    }
  }
  return bytes;
}

bool PeerCloses(const Socket& socket, Millis timeout) {
  const auto deadline = Clock::now() + timeout;
  std::string dropped;
  while (WaitFor(socket.fd(), POLLIN, deadline)) {
    if (!ReadSome(socket.fd(), &dropped)) {
      return true;
    }
    dropped.clear();
  }
  return false;
}

Result<HttpAnswer> Exchange(const Endpoint& to, std::string_view request, Millis timeout) {
  const auto deadline = Clock::now() + timeout;
  auto socket = Connect(to, timeout);
  if (!socket.ok()) {
    return Fail(socket.error());
  }
  // A server may answer and close before it has read all: what it said is still to be read.
  const Status sent = SendAll(*socket, request, timeout);
  if (!sent.ok() && sent.error().code == Code::kDeadlineExceeded) {
    return Fail(sent.error());
  }

  std::string bytes;
  bool open = true;
  while (true) {
    std::size_t body_begins = 0;
    auto answer = ParseHead(bytes, &body_begins);
    if (answer) {
      answer->body = bytes.substr(body_begins);
      const auto length = answer->headers.find("content-length");
      const bool complete =
          length != answer->headers.end() &&
          answer->body.size() >= std::strtoull(length->second.c_str(), nullptr, 10);
      if (complete || !open) {
        return *std::move(answer);
      }
    }
    if (!open) {
      return HttpAnswer{};
    }
    if (!WaitFor(socket->fd(), POLLIN, deadline)) {
      return Fail(Code::kDeadlineExceeded, "read the answer of " + to.ToString());
    }
    open = ReadSome(socket->fd(), &bytes);
  }
}

Result<HttpAnswer> Get(const Endpoint& to, const std::string& target, const std::string& headers) {
  return Exchange(to, "GET " + target + " HTTP/1.1\r\nHost: " + to.ToString() +
                          "\r\nConnection: close\r\n" + headers + "\r\n");
}

Result<HttpAnswer> Post(const Endpoint& to, const std::string& target, const std::string& headers,
                        const std::string& body) {
  return Exchange(to, "POST " + target + " HTTP/1.1\r\nHost: " + to.ToString() +
                          "\r\nConnection: close\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
}

}  // namespace belfry::test
