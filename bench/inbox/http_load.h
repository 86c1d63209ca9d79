// SPDX-License-Identifier: Apache-2.0
// A client of an HTTP API that is as cheap as it can be: one thread, one epoll, connections that
// are kept, no parser but a search for the status and the length.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cluster/socket.h"

namespace belfry::bench {

struct Answered {
  std::vector<std::int64_t> latencies_ns = {};  // of the answers 200 to 209, sorted
  std::size_t failed = 0;                       // other answers, and connections that ended
  std::string failure = {};                     // the first of them
  double per_second = 0;
  double Millis(double share) const;  // a percentile; at least one answer
};

// Blocking calls. One thread only.
class HttpLoad {
 public:
  using Clock = std::chrono::steady_clock;
  // The nth request, as bytes, which is meant to leave at that moment.
  using Request = std::function<std::string(std::size_t n, Clock::time_point meant)>;

  HttpLoad(test::Endpoint server, std::size_t connections);

  // `total` requests, each on a connection that waits for no other answer. The nth is meant to
  // leave n / per_second after the beginning and its latency counts from then, even if it leaves
  // later. `per_second` 0: each leaves when a connection is free, and its latency counts from then.
  Answered Run(double per_second, std::size_t total, const Request& request);
  // One request; the answer's body, empty if it was another one.
  std::string One(const std::string& request);
  std::int64_t last_ns() const { return last_ns_; }  // how long One took

 private:
  struct Connection {
    test::Socket socket;
    std::string answer;
    Clock::time_point meant;
    bool busy = false;
  };
  void Connect(std::size_t connection);
  bool Send(std::size_t connection, const std::string& request, Clock::time_point meant);
  // Reads what is there. True: the answer is complete.
  bool Read(Connection& connection);

  const test::Endpoint server_;
  test::Socket epoll_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> free_;
  std::string body_;
  std::int64_t last_ns_ = 0;
};

// "GET /v1/counts" and the like, with a token and a JSON body, if there is one.
std::string ApiRequest(std::string_view method_and_target, const std::string& token,
                       std::string_view body = {}, std::string_view operation = {});

}  // namespace belfry::bench
