// SPDX-License-Identifier: Apache-2.0
// The REST port's resources: POST /v1/notify and POST /v1/notify/batch here, users' inboxes in
// inbox_api.h. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/inbox.h"
#include "services/ingest/publish/publisher.h"
#include "services/ingest/rest/inbox_api.h"

namespace belfry::ingest {

struct RestLimits {
  // Of POST /v1/notify: above every field's own limit, escaped. A batch's is the server's.
  std::size_t notify_bytes_max = 128 * 1024;
  // The same with userIds.
  std::size_t notify_many_bytes_max = 512 * 1024;
};

class RestApi {
 public:
  // `inbox` and its Publisher must outlive it and its requests.
  RestApi(Inbox& inbox, RestLimits limits)
      : publisher_(inbox.publisher()), limits_(limits), inbox_(inbox, active_) {}

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
  InboxApi inbox_;
};

}  // namespace belfry::ingest
