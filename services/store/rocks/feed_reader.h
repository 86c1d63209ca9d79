// SPDX-License-Identifier: Apache-2.0
// Reads feeds and logs out of RocksDB: seeks, merges, bounds. Inside this room only.
#pragma once

#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/feed_store.h"
#include "services/store/rocks/rocks_db.h"

namespace belfry::store {

// What reads need to know beside the database. Lives in the store.
struct ReadState {
  explicit ReadState(Partition partitions) : last_ids(partitions), floors(partitions) {}

  std::vector<std::atomic<EntryId>> last_ids;   // by partition; raised after the commit
  Floors floors;                                // likewise
  std::vector<std::vector<LostInterval>> lost;  // by partition, by id; constant once open
};

// Thread-safe.
class FeedReader {
 public:
  // All must outlive it.
  FeedReader(const RocksDb& db, const ReadState& state, const Clock& clock)
      : db_(db), state_(state), clock_(clock) {}

  // As FeedStore's.
  Result<FeedPage> ReadFeed(const FeedQuery& query) const;
  Result<LogPage> ReadLog(const LogQuery& query) const;

 private:
  Result<FeedPage> ReadOnce(const FeedQuery& query, const rocksdb::Snapshot* snapshot) const;

  const RocksDb& db_;
  const ReadState& state_;
  const Clock& clock_;
};

// One row by key; nothing where there is none. Any column.
Result<std::optional<std::string>> GetRow(const RocksDb& db, Column column, std::string_view key,
                                          const rocksdb::Snapshot* snapshot = nullptr);

}  // namespace belfry::store
