// SPDX-License-Identifier: Apache-2.0
// The rows that feeds and logs are read from, in RocksDB. Inside the rooms of rocks/ only.
#pragma once

#include <memory>
#include <span>

#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/feed_rows.h"
#include "services/store/rocks/engine/partition_states.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// Thread-safe. Snapshots and iterators; what they are read for, core/feed_page.h decides.
class FeedReader final : public FeedRows {
 public:
  // Both must outlive it. `from` goes for Look and what it gives.
  FeedReader(const RocksDb& db, const PartitionStates& state, ReadFrom from = ReadFrom::kDisk)
      : db_(db), state_(state), from_(from) {}

  Partition partitions() const override { return static_cast<Partition>(state_.floors.size()); }
  PartitionPosition HeadNow(Partition partition) const override;
  std::span<const LostInterval> Lost(Partition partition) const override {
    return state_.lost[partition];
  }
  Result<FeedMoment> Look(const UserRef& user) const override;
  Result<std::unique_ptr<EntryCursor>> Log(Partition partition) const override;

 private:
  const RocksDb& db_;
  const PartitionStates& state_;
  const ReadFrom from_;
};

}  // namespace belfry::store
