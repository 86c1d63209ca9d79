// SPDX-License-Identifier: Apache-2.0
// belfry.v1.AudienceService: decodes, hands to the Audience, encodes. Thread-safe.
#pragma once

#include <memory>

#include "services/ingest/grpc/unary_calls.h"
#include "services/ingest/publish/audience.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

class AudienceService {
 public:
  // Both must outlive it, and it must outlive the server that serves it.
  AudienceService(Audience& audience, UnaryCalls& calls);
  ~AudienceService();
  AudienceService(const AudienceService&) = delete;
  AudienceService& operator=(const AudienceService&) = delete;

  grpc::Service* service();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
