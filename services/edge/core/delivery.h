// SPDX-License-Identifier: Apache-2.0
// Entries to the streams they belong to, live from the follower's batches and in replay from the
// store's pages. Each entry is rendered once per core, whichever way it comes.
// Not thread-safe: one per core.
#pragma once

#include <vector>

#include "libs/common/clock.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/event_cache.h"
#include "services/edge/core/options.h"
#include "services/edge/core/revocations.h"
#include "services/edge/core/stream_metrics.h"

namespace belfry::edge {

class Delivery {
 public:
  // All references must outlive this.
  Delivery(const StreamOptions& options, const Renderer& renderer, const Clock& clock,
           const StreamMetrics& metrics, Revocations& revocations, Connections& connections)
      : options_(options),
        clock_(clock),
        revocations_(revocations),
        connections_(connections),
        events_(renderer, metrics, options.rendered_bytes_max) {}

  // The next batch of its partition.
  void Live(const Batch& batch);
  // The page that was read for `connection`, which may be closed by it.
  void Replay(Connection& connection, const FeedPage& page);

 private:
  void DeliverEntry(const Entry& entry, const Batch& batch);
  void Offer(Connection& connection, const EventPtr& event);
  void Revoke(const Entry& entry, Partition partition);
  void Kick(const Entry& entry, Partition partition);
  // The user's streams, or if the entry names none the project's in the partition.
  std::vector<Connection*> StreamsOf(const Entry& entry, Partition partition);

  const StreamOptions& options_;
  const Clock& clock_;
  Revocations& revocations_;
  Connections& connections_;
  EventCache events_;
};

}  // namespace belfry::edge
