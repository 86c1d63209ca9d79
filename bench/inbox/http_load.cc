// SPDX-License-Identifier: Apache-2.0
#include "bench/inbox/http_load.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "libs/common/check.h"

namespace belfry::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kGood = "HTTP/1.1 20";
constexpr std::string_view kLength = "Content-Length: ";

// How many bytes the answer has in all; 0: its head is not complete.
std::size_t BytesOf(std::string_view answer) {
  const std::size_t end = answer.find(kHeadEnd);
  const std::size_t length = answer.find(kLength);
  if (end == std::string_view::npos) {
    return 0;
  }
  BELFRY_CHECK(length < end);
  return end + kHeadEnd.size() +
         std::strtoull(answer.data() + length + kLength.size(), nullptr, 10);
}

}  // namespace

double Answered::Millis(double share) const {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_ns.size() - 1));
  return static_cast<double>(latencies_ns[at]) / 1e6;
}

HttpLoad::HttpLoad(test::Endpoint server, std::size_t connections)
    : server_(std::move(server)), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    Connect(i);
    free_.push_back(i);
  }
}

void HttpLoad::Connect(std::size_t index) {
  auto socket = test::Connect(server_, kPatience);
  BELFRY_CHECK(socket.ok());
  const int on = 1;
  setsockopt(socket->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  BELFRY_CHECK(epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, socket->fd(), &event) == 0);
  connections_[index].socket = *std::move(socket);
}

bool HttpLoad::Send(std::size_t index, const std::string& request, Clock::time_point meant) {
  Connection& connection = connections_[index];
  connection.meant = meant;
  connection.busy = true;
  return test::SendAll(connection.socket, request, kPatience).ok();
}

bool HttpLoad::Read(Connection& connection) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t n = recv(connection.socket.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  BELFRY_CHECK(n > 0 || (n < 0 && errno == EAGAIN));
  if (n > 0) {
    connection.answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const std::size_t bytes = BytesOf(connection.answer);
  return bytes != 0 && connection.answer.size() >= bytes;
}

Answered HttpLoad::Run(double per_second, std::size_t total, const Request& request) {
  Answered answered;
  answered.latencies_ns.reserve(total);
  const auto began = Clock::now();
  const auto meant_at = [&](std::size_t n) {
    return began + std::chrono::nanoseconds(
                       static_cast<std::int64_t>(1e9 * static_cast<double>(n) / per_second));
  };
  std::size_t sent = 0, done = 0;
  std::array<epoll_event, 256> events;
  while (done < total) {
    auto now = Clock::now();
    BELFRY_CHECK(now - began < kPatience * 10);
    while (sent < total && !free_.empty() && (per_second == 0 || meant_at(sent) <= now)) {
      const auto meant = per_second == 0 ? Clock::now() : meant_at(sent);
      BELFRY_CHECK(Send(free_.back(), request(sent, meant), meant));
      free_.pop_back();
      ++sent;
    }
    timespec wait{1, 0};
    if (per_second != 0 && sent < total && !free_.empty()) {
      const auto left = std::chrono::nanoseconds(meant_at(sent) - Clock::now()).count();
      wait = {0, std::clamp<std::int64_t>(left, 0, 999'999'999)};
    }
    const int n = epoll_pwait2(epoll_.fd(), events.data(), events.size(), &wait, nullptr);
    now = Clock::now();
    for (int i = 0; i < n; ++i) {
      Connection& connection = connections_[events[i].data.u64];
      if (!connection.busy) {
        Connect(events[i].data.u64);  // it was idle for too long, and the server has closed it
        continue;
      }
      if (!Read(connection)) {
        continue;
      }
      if (connection.answer.starts_with(kGood)) {
        answered.latencies_ns.push_back(std::chrono::nanoseconds(now - connection.meant).count());
      } else if (++answered.failed == 1) {
        answered.failure = connection.answer;
      }
      body_ = connection.answer.starts_with(kGood)
                  ? connection.answer.substr(connection.answer.find(kHeadEnd) + kHeadEnd.size())
                  : std::string();
      connection.answer.clear();
      connection.busy = false;
      free_.push_back(events[i].data.u64);
      ++done;
    }
  }
  answered.per_second = static_cast<double>(answered.latencies_ns.size()) /
                        std::chrono::duration<double>(Clock::now() - began).count();
  last_ns_ = answered.latencies_ns.empty() ? 0 : answered.latencies_ns.back();
  std::sort(answered.latencies_ns.begin(), answered.latencies_ns.end());
  return answered;
}

std::string HttpLoad::One(const std::string& request) {
  Run(0, 1, [&](std::size_t, Clock::time_point) { return request; });
  return body_;
}

std::string ApiRequest(std::string_view method_and_target, const std::string& token,
                       std::string_view body, std::string_view operation) {
  std::string request(method_and_target);
  request += " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token + "\r\n";
  if (!operation.empty()) {
    request += "Idempotency-Key: ";
    request += operation;
    request += "\r\n";
  }
  if (!body.empty()) {
    request += "Content-Type: application/json\r\n";
  }
  if (!method_and_target.starts_with("GET")) {
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n";
  request += body;
  return request;
}

}  // namespace belfry::bench
