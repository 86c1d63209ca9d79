// SPDX-License-Identifier: Apache-2.0
// The port by which a store's data is kept in order while it serves. Adapter: rocks/.
#pragma once

#include <cstdint>

#include "libs/common/result.h"

namespace belfry::store {

// What reading has cost since the store was opened.
struct ReadCosts {
  struct Lookups {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;  // read from the file system
  };
  // Of the block cache, by kind of block. Everything that reads: feeds, logs, appends, compactions.
  Lookups index = {};
  Lookups filter = {};
  Lookups data = {};
  std::uint64_t feed_bytes = 0;  // read from the file system for feeds
};

// Thread-safe.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  // Makes the high water durable; about once a second. kUnavailable: it cannot.
  virtual Status SyncHighWater() = 0;
  // Rewrites what holds entries below the floors or expired keys, so that their space is freed.
  // Blocks for as long as that takes.
  virtual Status CompactDropped() = 0;
  // Breaks off a CompactDropped that runs, for good: the process is about to end.
  virtual void StopCompacting() = 0;
  // From counters that reads raise without a lock.
  virtual ReadCosts read_costs() const = 0;
};

}  // namespace belfry::store
