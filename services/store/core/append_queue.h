// SPDX-License-Identifier: Apache-2.0
// The bounded queue between callers and the sequencer.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "services/store/core/append.h"

namespace belfry::store {

struct AppendQueueLimits {
  std::size_t items_max = 65'536;
  std::size_t bytes_max = 64u << 20;
};

// Thread-safe.
class AppendQueue {
 public:
  // `partitions`: of the store; a broadcast weighs what it costs in all of them.
  AppendQueue(AppendQueueLimits limits, Partition partitions, Gauge items, Gauge bytes)
      : limits_(limits), partitions_(partitions), items_gauge_(items), bytes_gauge_(bytes) {}

  enum class Pushed { kYes, kFull, kClosed };
  // Takes `call` over if kYes; leaves it alone otherwise. An empty queue takes any call, so that
  // none is too large for ever.
  Pushed Push(PendingAppend& call);

  // What waits, oldest first, up to the bounds; at least one call if any waits. Never blocks.
  std::vector<PendingAppend> Take(std::size_t items_max, std::size_t bytes_max);

  // Returns when something waits, on Close, or after `timeout`.
  void Wait(Duration timeout);

  // Refuses further calls; those that wait can still be taken.
  void Close();

 private:
  struct Waiting {
    PendingAppend call;
    std::size_t bytes;
  };

  // Constant.
  const AppendQueueLimits limits_;
  const Partition partitions_;
  const Gauge items_gauge_;
  const Gauge bytes_gauge_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Waiting> waiting_ BELFRY_GUARDED_BY(mutex_);
  std::size_t items_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool closed_ BELFRY_GUARDED_BY(mutex_) = false;
};

}  // namespace belfry::store
