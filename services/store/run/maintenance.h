// SPDX-License-Identifier: Apache-2.0
// Periodic work: every second the clock is compared, the high water made durable and the disk's
// free space checked; every compact_every the space of retired entries is freed.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "services/store/core/bus.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/guarded_clock.h"
#include "services/store/core/upkeep.h"

namespace belfry::store {

struct MaintenanceOptions {
  std::string directory;
  std::chrono::milliseconds every{1'000};
  std::chrono::milliseconds compact_every;
};

class Maintenance {
 public:
  // Checks the disk at once, then starts its two threads. All must outlive it.
  Maintenance(MaintenanceOptions options, Upkeep& store, GuardedClock& clock, DiskGuard& disk,
              const Bus& bus, Metrics& metrics, Log log);
  // Stops a compaction; joins.
  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

 private:
  void CheckDisk();
  void CountReads();
  void RunEverySecond();
  void RunCompactions();
  // False: it is ending.
  bool Sleep(std::chrono::milliseconds time);

  const MaintenanceOptions options_;
  Upkeep& store_;
  GuardedClock& clock_;
  DiskGuard& disk_;
  const Bus& bus_;
  const Log log_;
  const Gauge disk_free_;
  const Gauge disk_low_;
  const Gauge nats_connected_;
  const Histogram compaction_seconds_;
  // Hits and misses of the block cache.
  struct CacheCounters {
    CacheCounters(Metrics& metrics, const char* block);
    Counter hits;
    Counter misses;
  };
  const CacheCounters cached_index_;
  const CacheCounters cached_filter_;
  const CacheCounters cached_data_;
  const Counter feed_bytes_;
  ReadCosts counted_ = {};  // as added to the counters; used by the thread of every second only

  Mutex mutex_;
  CondVar changed_;
  bool ending_ BELFRY_GUARDED_BY(mutex_) = false;

  std::thread seconds_;
  std::thread compactions_;
};

}  // namespace belfry::store
