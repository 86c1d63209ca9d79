// SPDX-License-Identifier: Apache-2.0
// POSTs JSON to one HTTP/1.1 server, one request after the other. For the demo page only: no TLS,
// no reuse of connections, small answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "libs/common/result.h"

namespace belfry::edge {

struct PostAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Thread-safe.
class HttpPoster {
 public:
  // `address`: "host:port". `authorization`: sent with each request.
  HttpPoster(std::string address, std::string authorization);
  ~HttpPoster();  // waits for the request under way; those that wait get kCancelled

  // `done` is called once, on the poster's thread: kUnavailable (cannot connect), kDeadlineExceeded
  // (not answered in 5 s), kDataLoss (answered something else than HTTP). kResourceExhausted: 16
  // requests wait already; then `done` is called by Post itself.
  void Post(std::string path, std::string json, std::function<void(Result<PostAnswer>)> done);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// Reads an HTTP/1.1 response as it stood on a connection that the server has closed.
Result<PostAnswer> ParseAnswer(const std::string& bytes);

}  // namespace belfry::edge
