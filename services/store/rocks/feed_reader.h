// SPDX-License-Identifier: Apache-2.0
// The rows that feeds and logs are read from, in RocksDB. Inside this room only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/feed_page.h"
#include "services/store/rocks/rocks_db.h"

namespace belfry::store {

// What reads need to know beside the database. Lives in the store.
struct ReadState {
  explicit ReadState(Partition partitions) : last_ids(partitions), floors(partitions) {}

  std::vector<std::atomic<EntryId>> last_ids;   // by partition; raised after the commit
  Floors floors;                                // likewise
  std::vector<std::vector<LostInterval>> lost;  // by partition, by id; constant once open
};

// Thread-safe. Snapshots and iterators; what they are read for, core/feed_page.h decides.
class FeedReader final : public FeedRows {
 public:
  // Both must outlive it.
  FeedReader(const RocksDb& db, const ReadState& state) : db_(db), state_(state) {}

  Partition partitions() const override { return static_cast<Partition>(state_.floors.size()); }
  PartitionHead HeadNow(Partition partition) const override;
  std::span<const LostInterval> Lost(Partition partition) const override {
    return state_.lost[partition];
  }
  Result<FeedMoment> Look(const UserRef& user) const override;
  Result<std::unique_ptr<EntryCursor>> Log(Partition partition) const override;

 private:
  const RocksDb& db_;
  const ReadState& state_;
};

// One row by key; nothing where there is none. Any column.
Result<std::optional<std::string>> GetRow(const RocksDb& db, Column column, std::string_view key,
                                          const rocksdb::Snapshot* snapshot = nullptr);

}  // namespace belfry::store
