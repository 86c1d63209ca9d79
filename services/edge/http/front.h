// SPDX-License-Identifier: Apache-2.0
// What a core does with each HTTP request: a stream, a route, or a refusal.
// Not thread-safe: one per core.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/common/keyed_hash.h"
#include "libs/common/metrics.h"
#include "libs/http/message.h"
#include "libs/http/server.h"
#include "libs/wire/auth/jwt.h"
#include "services/edge/http/core.h"

namespace belfry::edge {

class Front {
 public:
  // `attach` takes over a stream that may be opened.
  Front(CoreContext& context, std::shared_ptr<const wire::JwtVerifier> verifier,
        std::function<void(StreamRequest)> attach)
      : context_(context), verifier_(std::move(verifier)), attach_(std::move(attach)) {}

  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) {
    verifier_ = std::move(verifier);
  }

  bool HasKey(std::uint64_t key) const { return verifier_->HasKey(key); }

  void Handle(http::Request request, std::shared_ptr<http::Responder> responder);

 private:
  void HandleStream(const http::Request& request, http::Responder& responder);
  std::int64_t EndOf(const wire::Identity& identity) const;
  void HandleRoute(http::Request request, std::shared_ptr<http::Responder> responder);
  // Counts it, and challenges with WWW-Authenticate where that is due.
  http::Response Refusal(int status, const Error& error);
  http::Response MethodNotAllowed(const http::Request& request, const std::string& allow);

  CoreContext& context_;
  std::shared_ptr<const wire::JwtVerifier> verifier_;
  const std::function<void(StreamRequest)> attach_;
  TextMap<Counter> refused_;  // by reason
};

}  // namespace belfry::edge
