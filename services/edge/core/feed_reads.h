// SPDX-License-Identifier: Apache-2.0
// The reads of the store that streams wait for: a stream that wants a page passes the gate
// (catch_up.h), the owner makes the calls, and the pages go to Delivery.
// Not thread-safe: one per core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"
#include "services/edge/core/catch_up.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/delivery.h"
#include "services/edge/core/options.h"
#include "services/edge/core/stream_metrics.h"

namespace belfry::edge {

// One call of FeedSource::ReadFeeds to make; its answer goes to OnPages.
struct PendingRead {
  std::uint64_t call = 0;
  std::vector<FeedQuery> queries;
};

class FeedReads {
 public:
  // All references must outlive this.
  FeedReads(const StreamOptions& options, const Clock& clock, const StreamMetrics& metrics,
            Connections& connections, Delivery& delivery, std::uint64_t seed);

  // `connection` goes to the gate if its stream wants a page and it is not there yet; refused if
  // the gate is full.
  void Want(Connection& connection);
  // The calls to make now.
  std::vector<PendingRead> Take();
  // The answer to one of them.
  void OnPages(std::uint64_t call, const Result<std::vector<FeedPage>>& pages);

  // At the gate.
  std::size_t waiting() const { return gate_.waiting(); }
  // At the gate, or being read for.
  std::size_t pending() const;

 private:
  FeedQuery QueryOf(Connection& connection) const;

  const StreamOptions& options_;
  const Clock& clock_;
  const StreamMetrics& metrics_;
  Connections& connections_;
  Delivery& delivery_;
  CatchUpGate gate_;
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::vector<CatchUpGate::Ticket>> reading_;  // by call
};

}  // namespace belfry::edge
