// SPDX-License-Identifier: Apache-2.0
// A blocking client that sends exactly the bytes it is given. Header-only: tests share it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace belfry::test {

class RawClient {
 public:
  // Reads give up after 10 s. `from`: the loopback address that it comes from.
  explicit RawClient(std::uint16_t port, std::uint32_t from = INADDR_LOOPBACK)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(from);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&source), sizeof source), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << errno;
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the peer has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // One response: its head and what its Content-Length says of body. What is left of it when the
  // peer closes before.
  std::string ReadResponse(bool without_body = false) {
    std::size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) {
        return std::exchange(unread_, {});
      }
    }
    end += 4;
    const std::size_t at = unread_.find("Content-Length: ");
    if (at < end && !without_body) {
      end += std::stoul(unread_.substr(at + 16));
    }
    while (unread_.size() < end) {
      if (!ReadSome()) {
        break;
      }
    }
    std::string response = unread_.substr(0, end);
    unread_.erase(0, response.size());
    return response;
  }

  // All that comes until the peer closes.
  std::string ReadAll() {
    while (ReadSome()) {
    }
    return std::exchange(unread_, {});
  }

  // True when the peer has closed; nothing else may have come.
  bool ReadsEnd() { return ReadAll().empty() && !timed_out_; }

  // True as soon as there is something to read, false after `at_most`.
  bool Readable(std::chrono::milliseconds at_most) const {
    pollfd looked{socket_, POLLIN, 0};
    return poll(&looked, 1, static_cast<int>(at_most.count())) > 0;
  }

  void HalfClose() { shutdown(socket_, SHUT_WR); }
  // Ends with a reset instead of a FIN.
  void Reset() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }
  void Close() {
    if (socket_ >= 0) {
      close(std::exchange(socket_, -1));
    }
  }

 private:
  bool ReadSome() {
    char buffer[16 * 1024];
    const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
    timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    EXPECT_FALSE(timed_out_) << "nothing came for 10 s; so far: " << unread_;
    if (got <= 0) {
      return false;
    }
    unread_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool timed_out_ = false;
  std::string unread_;
};

// The status of a response: 200 of "HTTP/1.1 200 OK..."; 0 if it is none.
inline int StatusIn(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") && response.size() > 12
             ? std::stoi(std::string(response.substr(9, 3)))
             : 0;
}

inline std::string BodyIn(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : response.substr(end + 4);
}

}  // namespace belfry::test
