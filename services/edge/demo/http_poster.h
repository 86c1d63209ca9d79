// SPDX-License-Identifier: Apache-2.0
// POSTs JSON to one HTTP server, one request after the other. For the demo page only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/common/result.h"
#include "libs/http/client.h"

namespace belfry::edge {

// Thread-safe.
class HttpPoster {
 public:
  // `address`: "host:port". `authorization`: sent with each request.
  HttpPoster(std::string address, std::string authorization);
  ~HttpPoster();  // waits for the request under way; those that wait get kCancelled

  // `done` is called once, on the poster's thread, with what http::Call returned within 5 s.
  // `idempotency_key`: sent as that header unless it is empty.
  // kResourceExhausted: 16 requests wait already; then `done` is called by Post itself.
  void Post(std::string path, std::string json, std::string idempotency_key,
            std::function<void(Result<http::ClientResponse>)> done);

 private:
  struct Impl;
  const std::string authorization_;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::edge
