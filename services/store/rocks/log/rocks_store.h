// SPDX-License-Identifier: Apache-2.0
// The local commit log and the feeds, in RocksDB. docs/storage-format.md spells what is on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/upkeep.h"
#include "services/store/rocks/backups/backups.h"
#include "services/store/rocks/engine/rocks_options.h"

namespace belfry::store {

// EventLog: the sequencer's thread. The rest: any thread.
class RocksStore : public EventLog, public FeedStore, public Upkeep {
 public:
  // `clock` must outlive it. kFailedPrecondition: another process holds the directory, it has
  // another format version or partition count, or its log ends before the high water or has none
  // beside it. kDataLoss: damaged. kUnavailable: the disk does not let us.
  static Result<std::unique_ptr<RocksStore>> Open(const RocksOptions& options, const Clock& clock,
                                                  Log log);

  // Makes a backup while commits go on; blocks for as long as that takes. An error leaves the
  // backups that were there as they were: kFailedPrecondition, another process is at the directory;
  // the reason to stop; kUnavailable, the disk does not let us.
  virtual Result<BackupInfo> Backup(const BackupOptions& options) = 0;
  // Flushes and notes a clean end, after the last Commit. What is not called is recovered from the
  // write-ahead log at the next start.
  virtual Status CloseCleanly() = 0;
  // Whether the process before ended with CloseCleanly, or there was none.
  virtual bool opened_clean() const = 0;
  // The clock's ExpiryMicros as the process before noted it, every few seconds; std::nullopt in a
  // new directory. For GuardedClock::Begin.
  virtual std::optional<std::int64_t> noted_time_us() const = 0;
};

}  // namespace belfry::store
