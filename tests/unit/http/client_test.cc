// SPDX-License-Identifier: Apache-2.0
#include "libs/http/client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "libs/common/check.h"

namespace belfry::http {
namespace {

// Takes one connection, reads until `request_end` has come, sends `answer` and closes.
class OneAnswer {
 public:
  OneAnswer(std::string answer, std::string request_end)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        thread_([this, answer = std::move(answer), end = std::move(request_end)] {
          const int peer = accept(socket_, nullptr, nullptr);
          std::array<char, 1024> some{};
          while (!request_.ends_with(end)) {
            const ssize_t got = recv(peer, some.data(), some.size(), 0);
            if (got <= 0) {
              break;
            }
            request_.append(some.data(), static_cast<std::size_t>(got));
          }
          BELFRY_CHECK_EQ(send(peer, answer.data(), answer.size(), MSG_NOSIGNAL), answer.size());
          close(peer);
        }) {}
  ~OneAnswer() {
    Join();
    close(socket_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Once the answer has been sent.
  const std::string& Request() {
    Join();
    return request_;
  }

 private:
  void Join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  const int socket_;
  const int port_ = [this] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    BELFRY_CHECK(bind(socket_, raw, size) == 0 && listen(socket_, 1) == 0);
    BELFRY_CHECK_EQ(getsockname(socket_, raw, &size), 0);
    return ntohs(address.sin_port);
  }();
  std::string request_;
  std::thread thread_;
};

SteadyTime Soon() { return SystemClock().Now() + std::chrono::seconds(20); }

TEST(HttpClient, SendsARequestAndReadsItsAnswer) {
  OneAnswer server("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", "{}");
  const auto answer =
      Call(server.address(),
           {.method = "POST", .path = "/v1/x", .headers = {{"A", "b"}}, .body = "{}"}, Soon());
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(server.Request(), "POST /v1/x HTTP/1.1\r\nHost: " + server.address() +
                                  "\r\nConnection: close\r\nA: b\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(HttpClient, ReadsABodyThatEndsWithTheConnection) {
  OneAnswer server("HTTP/1.1 503 Unavailable\r\n\r\nnot now", "\r\n\r\n");
  const auto answer = Call(server.address(), {.path = "/readyz"}, Soon());
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "not now");
}

TEST(HttpClient, SaysWhatIsWrongWithAnAnswer) {
  const auto code = [](const std::string& bytes, std::size_t bytes_max = 1024) {
    OneAnswer server(bytes, "\r\n\r\n");
    const auto answer = Call(server.address(), {}, Soon(), bytes_max);
    return answer.ok() ? Code::kOk : answer.error().code;
  };
  EXPECT_EQ(code("SSH-2.0-OpenSSH\r\n"), Code::kDataLoss);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\n\r\n123456", 5), Code::kDataLoss);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nA: b"), Code::kUnavailable);
  EXPECT_EQ(code(""), Code::kUnavailable);
}

TEST(HttpClient, WantsAnAddress) {
  for (const char* address : {"", "host", ":80", "host:"}) {
    const auto answer = Call(address, {}, Soon());
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, Code::kInvalidArgument) << address;
  }
}

TEST(HttpClient, GivesUpAtItsDeadline) {
  OneAnswer server("", "never");
  const auto answer =
      Call(server.address(), {}, SystemClock().Now() + std::chrono::milliseconds(20));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace belfry::http
