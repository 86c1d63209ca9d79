// SPDX-License-Identifier: Apache-2.0
// The one reading of a feed and of a log: merge, page, floor, losses, expiry, chain and unread
// count are decided here, over rows that an adapter provides. RocksDB, the simulation and the
// tests' stores provide rows; none of them has rules of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/project_record.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

// Walks over the entries of one user, of one project's broadcasts, or of one partition's log, by
// id. One thread. Stands on no entry until the first seek, which may block on the disk.
class EntryCursor {
 public:
  virtual ~EntryCursor() = default;

  // To the first entry with an id above `id`; from there Next goes upwards.
  virtual void SeekAfter(EntryId id) = 0;
  // To the last entry with an id below `id`; from there Next goes downwards.
  virtual void SeekBefore(EntryId id) = 0;
  // Only while it stands on an entry.
  virtual void Next() = 0;

  // The entry's id; std::nullopt behind the last one in its direction, or after an error.
  virtual std::optional<EntryId> id() const = 0;
  // The size of the entry's row. Only while it stands on one.
  virtual std::size_t bytes() const = 0;
  // Only while it stands on an entry. A broadcast is whole, wherever its body is kept; one of
  // FeedMoment::project_entries has no `prev`. kDataLoss: the row cannot be read back.
  virtual Result<Entry> entry() const = 0;
  // Whether id() is std::nullopt because of an error: kDataLoss or kUnavailable.
  virtual Status status() const = 0;
};

// What one user's feed is read from: the state at one moment. The cursors may lack entries at or
// below the partition's floor as of now, which may lie above the moment's.
struct FeedMoment {
  PartitionHead position = {};
  UserRecord user = {};                          // zeros where there is none
  ProjectRecord project = {};                    // likewise
  std::unique_ptr<EntryCursor> user_entries;     // the user's own
  std::unique_ptr<EntryCursor> project_entries;  // the project's broadcasts
};

// The rows of a store. Thread-safe if the adapter says so.
class FeedRows {
 public:
  virtual ~FeedRows() = default;

  virtual Partition partitions() const = 0;
  // The committed state as of now, from memory. A partition's floor rises here before any entry at
  // or below it is dropped.
  virtual PartitionHead HeadNow(Partition partition) const = 0;
  // By id; constant while the store is open.
  virtual std::span<const LostInterval> Lost(Partition partition) const = 0;

  // The state of one moment not before this call. kDataLoss, kUnavailable: as the disk says.
  virtual Result<FeedMoment> Look(const UserRef& user) const = 0;
  // The partition's whole log as of now.
  virtual Result<std::unique_ptr<EntryCursor>> Log(Partition partition) const = 0;
};

// Bounds of one page of a feed, whatever the query asks for.
inline constexpr std::uint32_t kFeedPageEntriesMax = 256;
inline constexpr std::uint32_t kFeedPageBytesMax = 256 * 1024;
// Entries looked at for one page, those that have expired included.
inline constexpr std::size_t kFeedPageExaminedMax = 4 * kFeedPageEntriesMax;

// As FeedStore::ReadFeed. `now_us`: what has expired by then is left out; the store's own time
// (Clock::ExpiryMicros), not the wall clock's.
Result<FeedPage> ReadFeed(const FeedRows& rows, const FeedQuery& query, std::int64_t now_us);

// As FeedStore::ReadLog.
Result<LogPage> ReadLog(const FeedRows& rows, const LogQuery& query);

}  // namespace belfry::store
