// SPDX-License-Identifier: Apache-2.0
// Moves each partition's floor behind the retention window, in bounded steps. The floor is durable
// before anything below it may be dropped. A wall clock that has jumped retires nothing (Clock).
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/sequencer.h"

namespace belfry::store {

struct RetentionOptions {
  std::chrono::milliseconds window = std::chrono::hours(24 * 30);
  std::uint32_t step_entries_max = 1'000;
};

// The sequencer's thread only.
class Retention {
 public:
  // All must outlive it.
  Retention(const RetentionOptions& options, Sequencer& sequencer, FeedStore& store,
            const Clock& clock, Counter retired, Log log);

  // Retires up to step_entries_max entries of one partition. True: there is more to do at once.
  bool Step();

 private:
  // Retires of one partition; true if it retired something.
  bool StepPartition(Partition partition, EntryId horizon);

  const RetentionOptions options_;
  Sequencer& sequencer_;
  FeedStore& store_;
  const Clock& clock_;
  const Counter retired_;
  const Log log_;

  std::vector<EntryId> oldest_;  // above the floor, by partition; 0: not known
  Partition next_ = 0;
};

}  // namespace belfry::store
