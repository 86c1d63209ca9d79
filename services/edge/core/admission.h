// SPDX-License-Identifier: Apache-2.0
// Who gets a stream: caps, eviction of a user's oldest, and the deadlines a stream starts with.
// A refusal is sent in-band, with a bye. Not thread-safe: one per core.
#pragma once

#include "libs/common/clock.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/feed_reads.h"
#include "services/edge/core/options.h"
#include "services/edge/core/revocations.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/transport.h"

namespace belfry::edge {

class Admission {
 public:
  // All references must outlive this.
  Admission(const StreamOptions& options, Caps& caps, const Revocations& revocations,
            Transport& transport, const Clock& clock, const StreamMetrics& metrics,
            Connections& connections, FeedReads& reads)
      : options_(options),
        caps_(caps),
        revocations_(revocations),
        transport_(transport),
        clock_(clock),
        metrics_(metrics),
        connections_(connections),
        reads_(reads) {}

  // Takes over the request's socket. `draining`: every stream gets a bye.
  void Attach(StreamRequest request, bool draining);

 private:
  void EvictFor(const StreamRequest& request);
  void StartDeadlines(Connection& connection, std::int64_t expires_s);

  const StreamOptions& options_;
  Caps& caps_;
  const Revocations& revocations_;
  Transport& transport_;
  const Clock& clock_;
  const StreamMetrics& metrics_;
  Connections& connections_;
  FeedReads& reads_;
};

}  // namespace belfry::edge
