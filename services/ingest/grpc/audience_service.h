// SPDX-License-Identifier: Apache-2.0
// belfry.v1.AudienceService: decodes, hands to the Audience, encodes. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>

#include "services/ingest/publish/audience.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

class AudienceService {
 public:
  // `audience` must outlive it, and it must outlive the server that serves it.
  explicit AudienceService(Audience& audience);
  ~AudienceService();
  AudienceService(const AudienceService&) = delete;
  AudienceService& operator=(const AudienceService&) = delete;

  grpc::Service* service();
  // New calls end with UNAVAILABLE at once. Others go on.
  void Drain();
  // Calls that have not ended.
  std::size_t active() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
