// SPDX-License-Identifier: Apache-2.0
// Where each partition of an open store is, in memory. Inside the rooms of rocks/ only.
#pragma once

#include <atomic>
#include <vector>

#include "libs/common/entry.h"
#include "services/store/core/cursor.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// What reads need to know beside the database. Lives in the store.
struct PartitionStates {
  explicit PartitionStates(Partition partitions) : last_ids(partitions), floors(partitions) {}

  std::vector<std::atomic<EntryId>> last_ids;   // by partition; raised after the commit
  Floors floors;                                // likewise
  std::vector<std::vector<LostInterval>> lost;  // by partition, by id; constant once open
  EntryId upgraded_at = 0;                      // likewise; see LogState
};

}  // namespace belfry::store
