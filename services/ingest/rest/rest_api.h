// SPDX-License-Identifier: Apache-2.0
// The REST port's resources: POST /v1/notify and POST /v1/notify/batch here, users' inboxes in
// inbox_api.h, audiences in audience_api.h. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/inbox.h"
#include "services/ingest/publish/publisher.h"
#include "services/ingest/rest/audience_api.h"
#include "services/ingest/rest/inbox_api.h"

namespace belfry::ingest {

struct RestLimits {
  // Of POST /v1/notify: above every field's own limit, escaped. A batch's is the server's.
  std::size_t notify_bytes_max = 128 * 1024;
  // The same with userIds, or with excludeUserIds.
  std::size_t notify_many_bytes_max = 512 * 1024;
};

class RestApi {
 public:
  // Both, and their Publisher, must outlive it and its requests.
  RestApi(Inbox& inbox, Audience& audience, RestLimits limits)
      : publisher_(inbox.publisher()),
        audience_(audience),
        limits_(limits),
        inbox_api_(inbox, active_),
        audience_api_(audience, active_) {}

  // What is known from a request's head: who sends it, and how large its body may be.
  http::HeadVerdict Judge(const http::Request& head) const;
  // Answers through `responder`, now or once the store has answered.
  void Handle(http::Request request, std::shared_ptr<http::Responder> responder);

  // How many requests have not been answered.
  std::size_t active() const { return active_->load(); }

 private:
  // How large the body of such a request may be; std::nullopt: it will be refused without.
  std::optional<std::size_t> BodyBytesMax(const http::Request& head) const;
  void HandleNotify(http::Request request, std::shared_ptr<http::Responder> responder, bool batch);

  Publisher& publisher_;
  Audience& audience_;
  const RestLimits limits_;
  // Shared with the requests.
  const std::shared_ptr<std::atomic<std::size_t>> active_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  InboxApi inbox_api_;
  AudienceApi audience_api_;
};

}  // namespace belfry::ingest
