// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/edge_http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace belfry::edge {

void Client::Open(std::uint16_t port, const std::string& request, int receive_buffer) {
  Close();
  ended_ = false;
  head_.clear();
  body_.clear();
  events_.clear();
  response_ = std::make_unique<http::ResponseReader>();
  parser_ = http::SseParser();
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(socket_, 0);
  if (receive_buffer > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ended_ = true;
    return;
  }
  Send(request);
}

void Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      ended_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Client::Close() {
  if (socket_ >= 0) {
    close(socket_);
  }
  socket_ = -1;
}

void Client::Abort() {
  const linger reset{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  Close();
}

void Client::ReadSome() {
  std::array<char, 16 * 1024> bytes;
  while (!ended_) {
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
      Take({bytes.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      ended_ = true;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

bool Client::ReadUntil(const std::function<bool()>& done, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    ReadSome();
    if (done()) {
      return true;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (ended_ || left.count() <= 0) {
      return false;
    }
    pollfd waiting{socket_, POLLIN, 0};
    poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 50)));
  }
}

void Client::Take(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  if (!head_.ends_with(kEnd)) {
    head_ += bytes;
    if (const std::size_t end = head_.find(kEnd); end != std::string::npos) {
      head_.resize(end + kEnd.size());
    }
  }
  std::string body;
  EXPECT_TRUE(response_->Feed(bytes, &body).ok()) << bytes;
  body_ += body;
  parser_.Feed(body, [this](const http::SseEvent& event) { events_.push_back(event); });
}

int Client::Count(std::string_view event) const {
  return static_cast<int>(
      std::count_if(events_.begin(), events_.end(), [&](const http::SseEvent& e) {
        return e.kind == http::SseEvent::Kind::kEvent && e.event == event;
      }));
}

std::string Client::DataOf(std::string_view event) const {
  for (auto e = events_.rbegin(); e != events_.rend(); ++e) {
    if (e->kind == http::SseEvent::Kind::kEvent && e->event == event) {
      return e->data;
    }
  }
  return "";
}

std::vector<std::uint64_t> Client::Told() const {
  constexpr std::string_view kId = R"({"id":")";
  std::vector<std::uint64_t> ids;
  for (const http::SseEvent& event : events_) {
    if (event.kind != http::SseEvent::Kind::kEvent || !event.event.starts_with("notification")) {
      continue;
    }
    for (std::size_t at = event.data.find(kId); at != std::string::npos;
         at = event.data.find(kId, at + 1)) {
      ids.push_back(std::stoull(event.data.substr(at + kId.size())));
    }
  }
  return ids;
}

std::string Get(std::string_view path, std::string_view token,
                const std::vector<std::string>& headers) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!token.empty()) {
    request += "Authorization: Bearer " + std::string(token) + "\r\n";
  }
  for (const std::string& header : headers) {
    request += header + "\r\n";
  }
  return request + "\r\n";
}

}  // namespace belfry::edge
