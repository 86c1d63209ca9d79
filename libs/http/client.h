// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 request and its answer, over a connection of its own. No TLS. For the small calls
// that belfry makes itself: a health check, the demo page's publishing.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"

namespace belfry::http {

// Host, Content-Length and Connection are added. Headers are the caller's own words: they must not
// carry CR or LF.
struct ClientRequest {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct ClientResponse {
  int status = 0;
  std::string body;
};

// Sends `request` to "host:port" and waits for the whole answer; blocks its thread, until
// `deadline` at most. Whatever its status, an answer is a value. kInvalidArgument: `address` has
// another form. kUnavailable: cannot connect, or the connection ended before the answer's head.
// kDeadlineExceeded. kDataLoss: the answer is not HTTP, or its body is longer than
// `body_bytes_max`.
Result<ClientResponse> Call(const std::string& address, const ClientRequest& request,
                            SteadyTime deadline, std::size_t body_bytes_max = 64 * 1024);

}  // namespace belfry::http
