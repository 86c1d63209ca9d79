// SPDX-License-Identifier: Apache-2.0
// The REST port: an HTTP server on a thread of its own, with others for large bodies, so that none
// waits while they are parsed. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "libs/http/server.h"
#include "services/ingest/rest/rest_api.h"

namespace belfry::ingest {

class RestServer {
 public:
  // `inbox`, `audience`, their Publisher and `metrics` must outlive it. The errors of
  // http::Server::Listen.
  static Result<std::unique_ptr<RestServer>> Start(std::string address, http::ServerLimits server,
                                                   RestLimits limits, Inbox& inbox,
                                                   Audience& audience, Metrics& metrics, Log log);
  ~RestServer();  // Shutdown with no patience
  RestServer(const RestServer&) = delete;
  RestServer& operator=(const RestServer&) = delete;

  std::uint16_t port() const;
  // Accepts no more, gives requests under way `patience`, then stops its thread. Answers that come
  // later go nowhere, but may come as long as this lives.
  void Shutdown(std::chrono::milliseconds patience);

 private:
  class Impl;
  explicit RestServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
