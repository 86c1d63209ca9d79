// SPDX-License-Identifier: Apache-2.0
// /v1/users/{userId}/... and POST /v1/retract: what a backend may do to the inboxes of its project.
// Thread-safe. Private to this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/inbox.h"

namespace belfry::ingest {

class InboxApi {
 public:
  static constexpr std::size_t kBodyBytesMax = 16 * 1024;

  // `inbox` must outlive it and its requests; `active` counts them.
  InboxApi(Inbox& inbox, std::shared_ptr<std::atomic<std::size_t>> active)
      : inbox_(inbox), active_(std::move(active)) {}

  static bool Serves(const http::Request& request);
  // Answers through `responder`, now or once the store has answered.
  void Handle(http::Request request, std::shared_ptr<http::Responder> responder);

 private:
  Inbox& inbox_;
  const std::shared_ptr<std::atomic<std::size_t>> active_;
};

}  // namespace belfry::ingest
