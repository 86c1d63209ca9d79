// SPDX-License-Identifier: Apache-2.0
// POST /v1/notify and POST /v1/notify/batch. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

struct RestLimits {
  // Of POST /v1/notify: above every field's own limit, escaped. A batch's is the server's.
  std::size_t notify_bytes_max = 128 * 1024;
};

class RestApi {
 public:
  // `publisher` must outlive it and its requests.
  RestApi(Publisher& publisher, RestLimits limits) : publisher_(publisher), limits_(limits) {}

  // Answers through `responder`, now or once the store has answered.
  void Handle(http::Request request, std::shared_ptr<http::Responder> responder);

  // How many requests have not been answered.
  std::size_t active() const { return active_->load(); }

 private:
  Publisher& publisher_;
  const RestLimits limits_;
  // Shared with the requests.
  const std::shared_ptr<std::atomic<std::size_t>> active_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace belfry::ingest
