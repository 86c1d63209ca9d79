// SPDX-License-Identifier: Apache-2.0
// What the follower needs from outside, its bounds and waits, and what it counts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "libs/common/entry.h"
#include "libs/common/metrics.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/refusals.h"

namespace belfry::edge {

// The calls that the follower makes. They may be answered only after they have returned.
class FollowerPort {
 public:
  virtual ~FollowerPort() = default;
  // How many partitions there are. Once, before the first Deliver.
  virtual void Started(Partition partitions) = 0;
  virtual void Deliver(BatchPtr batch) = 0;
  // To be answered by OnLogRead, once. At most one at a time per partition.
  virtual void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) = 0;
  // To be answered by OnHeadsRead, once. At most one at a time.
  virtual void ReadHeads() = 0;
};

struct FollowerOptions {
  using Millis = std::chrono::milliseconds;
  Millis tail_grace{150};     // from an announced head until its entries are asked for
  Millis silence{1'500};      // without an announced head; then the store is asked
  Millis ask_every{1'000};    // how often, in silence
  Millis check_every{5'000};  // how often the store is asked even so
  Millis retry_min{50};       // between failed calls, jittered
  Millis retry_max{1'000};
  std::uint64_t fill_bytes_max = 1u << 20;  // per ReadLog
  std::size_t fills_max = 8;                // ReadLogs at once
  std::size_t held_bytes_max = 32u << 20;   // entries behind holes, all partitions together
  std::size_t bodies_bytes_max = 8u << 20;  // of broadcasts, for entries that refer to them
  std::size_t batch_entries_max = 1'024;
  std::uint64_t seed = 0;  // of the jitter
};

// Why entries had to be read from the store.
enum class HoleCause : std::uint8_t {
  kGap,       // a later entry was announced
  kTail,      // a later id was announced as the head, and its entry did not come
  kSilence,   // no heads are announced; the store was asked
  kOverflow,  // our own queue was full
  kRestart,   // committed between our start and the first announcement that fits
};
inline constexpr std::size_t kHoleCauses = 5;

struct FollowerMetrics {
  static FollowerMetrics Make(Metrics& metrics);
  std::array<Counter, kHoleCauses> holes;
  Counter applied_announced, applied_filled;
  Counter repeats, held_dropped, bodies_missing, gaps;
  Counter fill_failures, heads_failures;
  Gauge held_bytes, lag_seconds, silent;
  RefusalCounters refused;
};

}  // namespace belfry::edge
