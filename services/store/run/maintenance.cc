// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/maintenance.h"

#include <utility>

#include "services/store/run/free_disk.h"

namespace belfry::store {

Maintenance::Maintenance(MaintenanceOptions options, Upkeep& store, GuardedClock& clock,
                         DiskGuard& disk, const Bus& bus, Metrics& metrics, Log log)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      disk_(disk),
      bus_(bus),
      log_(std::move(log)),
      disk_free_(metrics.AddGauge("belfry_store_disk_free_bytes",
                                  "Free space of the data directory's file system")),
      disk_low_(
          metrics.AddGauge("belfry_store_disk_low",
                           "1 while the disk's reserve is reached and publishes are refused")),
      nats_connected_(
          metrics.AddGauge("belfry_store_nats_connected", "1 while NATS accepts announcements")),
      compaction_seconds_(metrics.AddLatencyHistogram("belfry_store_compaction_seconds",
                                                      "Freeing the space of retired entries")),
      cached_index_(metrics, "index"),
      cached_filter_(metrics, "filter"),
      cached_data_(metrics, "data"),
      feed_bytes_(metrics.AddCounter("belfry_store_feed_bytes_read_total",
                                     "Bytes read from the file system for feeds")) {
  CheckDisk();
  seconds_ = std::thread([this] { RunEverySecond(); });
  compactions_ = std::thread([this] { RunCompactions(); });
}

Maintenance::~Maintenance() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  store_.StopCompacting();
  seconds_.join();
  compactions_.join();
}

bool Maintenance::Sleep(std::chrono::milliseconds time) {
  const MutexLock lock(mutex_);
  return !changed_.WaitFor(mutex_, time, [this]() BELFRY_REQUIRES(mutex_) { return ending_; });
}

void Maintenance::CheckDisk() {
  const auto free = FreeDiskBytes(options_.directory);
  if (!free.ok()) {
    log_.Error("cannot read the free space", {{"error", free.error()}});
    return;
  }
  disk_free_.Set(static_cast<double>(*free));
  if (disk_.Update(*free)) {
    if (disk_.low()) {
      log_.Error("the disk's reserve is reached: refusing publishes",
                 {{"free_bytes", *free}, {"reserve_bytes", disk_.reserve_bytes()}});
    } else {
      log_.Info("the disk has room again: accepting publishes", {{"free_bytes", *free}});
    }
  }
  disk_low_.Set(disk_.low() ? 1 : 0);
}

Maintenance::CacheCounters::CacheCounters(Metrics& metrics, const char* block)
    : hits(metrics.AddCounter("belfry_store_block_cache_lookups_total",
                              "Lookups of blocks in RocksDB's cache",
                              {{"block", block}, {"result", "hit"}})),
      misses(metrics.AddCounter("belfry_store_block_cache_lookups_total",
                                "Lookups of blocks in RocksDB's cache",
                                {{"block", block}, {"result", "miss"}})) {}

void Maintenance::CountReads() {
  const ReadCosts costs = store_.read_costs();
  const auto count = [](const Counter& counter, std::uint64_t now, std::uint64_t before) {
    counter.Add(static_cast<double>(now - before));
  };
  const auto count_lookups = [&](const CacheCounters& counters, const ReadCosts::Lookups& now,
                                 const ReadCosts::Lookups& before) {
    count(counters.hits, now.hits, before.hits);
    count(counters.misses, now.misses, before.misses);
  };
  count_lookups(cached_index_, costs.index, counted_.index);
  count_lookups(cached_filter_, costs.filter, counted_.filter);
  count_lookups(cached_data_, costs.data, counted_.data);
  count(feed_bytes_, costs.feed_bytes, counted_.feed_bytes);
  counted_ = costs;
}

void Maintenance::RunEverySecond() {
  bool failing = false;
  do {
    clock_.Tick();
    CheckDisk();
    CountReads();
    nats_connected_.Set(bus_.connected() ? 1 : 0);
    const Status synced = store_.SyncHighWater();
    if (!synced.ok() && !failing) {
      log_.Warn("cannot sync the high water", {{"error", synced.error()}});
    }
    failing = !synced.ok();
  } while (Sleep(options_.every));
}

void Maintenance::RunCompactions() {
  while (Sleep(options_.compact_every)) {
    const auto started = std::chrono::steady_clock::now();
    const Status compacted = store_.CompactDropped();
    compaction_seconds_.Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    if (!compacted.ok()) {
      log_.Warn("cannot free the space of retired entries", {{"error", compacted.error()}});
    }
  }
}

}  // namespace belfry::store
