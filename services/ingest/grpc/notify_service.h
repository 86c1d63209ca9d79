// SPDX-License-Identifier: Apache-2.0
// belfry.v1.NotifyService: decodes, hands to the Publisher, with a segment to the Audience,
// encodes. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "libs/common/clock.h"
#include "services/ingest/grpc/unary_calls.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/publisher.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

struct StreamLimits {
  std::size_t unacknowledged_max = 4096;  // of one stream; it is not read any further
  std::size_t streams_max = 1024;         // NotifyStream calls at once
  MessageLimits messages;
  // How old a stream gets: then it reads no further and ends once all is acknowledged.
  std::chrono::milliseconds age_max{3'600'000};
};

class NotifyService {
 public:
  // `calls`, `audience` and its Publisher must outlive it, and it must outlive the server that
  // serves it.
  NotifyService(Audience& audience, UnaryCalls& calls, StreamLimits limits);
  ~NotifyService();
  NotifyService(const NotifyService&) = delete;
  NotifyService& operator=(const NotifyService&) = delete;

  grpc::Service* service();
  // Streams read no further, acknowledge what they have read and end with UNAVAILABLE; new ones end
  // with it at once.
  void Drain();
  // Ends the streams whose caller takes no acknowledgement, and those that have become old. Called
  // once a second or so.
  void EndStalled(SteadyTime now);
  // Streams that have not ended.
  std::size_t active() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
