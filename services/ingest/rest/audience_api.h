// SPDX-License-Identifier: Apache-2.0
// /v1/users, /v1/users/{userId}, /v1/segments... and /v1/operations/{id}: what a backend says of
// its users, and what it reads of that. Thread-safe. Private to this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/rest/audience_route.h"

namespace belfry::ingest {

class AudienceApi {
 public:
  static constexpr std::size_t kUserBytesMax = 64 * 1024;
  static constexpr std::size_t kMembersBytesMax = 1024 * 1024;
  static constexpr std::size_t kNoBodyBytesMax = 16 * 1024;  // where none is asked for

  // How large the body of a request for `route` may be, whichever its method.
  static std::size_t BodyBytesMax(const AudienceRoute& route);

  // `audience` must outlive it and its requests; `active` counts them.
  AudienceApi(Audience& audience, std::shared_ptr<std::atomic<std::size_t>> active)
      : audience_(audience), active_(std::move(active)) {}

  // Answers a request for `route` through `responder`, now or once the store has answered.
  void Handle(AudienceRoute route, http::Request request,
              std::shared_ptr<http::Responder> responder);

 private:
  Audience& audience_;
  const std::shared_ptr<std::atomic<std::size_t>> active_;
};

}  // namespace belfry::ingest
