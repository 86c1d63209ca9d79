// SPDX-License-Identifier: Apache-2.0
// belfry.v1.NotifyService: decodes, hands to the Publisher, encodes. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>

#include "services/ingest/publish/publisher.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

struct StreamLimits {
  std::size_t unacknowledged_max = 4096;  // of one stream; it is not read any further
  std::size_t streams_max = 1024;         // NotifyStream calls at once
};

class NotifyService {
 public:
  // `publisher` must outlive it, and it must outlive the server that serves it.
  static std::unique_ptr<NotifyService> Make(Publisher& publisher, StreamLimits limits);
  virtual ~NotifyService() = default;
  virtual grpc::Service* service() = 0;
  // Streams read no further, acknowledge what they have read and end with UNAVAILABLE; new calls
  // end with it at once. Other calls go on.
  virtual void Drain() = 0;
  // Calls that have not ended.
  virtual std::size_t active() const = 0;
};

}  // namespace belfry::ingest
