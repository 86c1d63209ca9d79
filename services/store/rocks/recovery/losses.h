// SPDX-License-Identifier: Apache-2.0
// Records that entries may be gone, so that cursors among them get a reset. Inside the rooms of
// rocks/ only.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/commit_batch.h"
#include "services/store/rocks/engine/partition_states.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// The position of each of `partitions` and its earlier losses, read into `state`. kDataLoss: a
// row cannot be read.
Status LoadPartitions(const RocksDb& db, PartitionStates& state);

// For each of `partitions`: what follows its last id, up to at least `reached[partition]` (0 where
// nothing is known) and to the clock, may have been given out and is lost. Ids go on behind that.
// A loss that ends there becomes longer.
// `batch` may hold more that is to be durable at the same moment.
Status RecordLosses(const RocksDb& db, std::span<const Partition> partitions,
                    const std::vector<EntryId>& reached, std::int64_t now_us,
                    PartitionStates& state, CommitBatch batch = CommitBatch());

// The row of a restored directory that no store has opened yet.
inline constexpr std::string_view kRestoredKey = "restored";
// If that row is there, removes it and has what was lost end no earlier than now: until the first
// start the store that was backed up may have gone on giving out ids.
Status SettleRestored(const RocksDb& db, std::int64_t now_us, PartitionStates& state);

}  // namespace belfry::store
