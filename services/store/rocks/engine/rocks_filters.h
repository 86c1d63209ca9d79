// SPDX-License-Identifier: Apache-2.0
// What compaction may drop: entries at or below their partition's durable floor, bodies at or below
// every partition's, collapse keys of such entries, idempotency keys past their time, and
// revocations of tokens that have expired anyway. Inside the rooms of rocks/ only.
#pragma once

#include <rocksdb/compaction_filter.h>
#include <rocksdb/slice_transform.h>

#include <memory>

#include "libs/common/clock.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// For columns whose keys begin with the partition and end with the id. `floors` must outlive it.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeFloorFilter(const Floors& floors);

// For `bodies`: what no partition's log refers to any more. `floors` must outlive it.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeBodyFilter(const Floors& floors);

// For `collapse`, whose values are ids. `floors` must outlive it.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeCollapseFilter(const Floors& floors);

// For `keys`. `clock` must outlive it.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeKeyExpiryFilter(const Clock& clock);

// For `meta`: revocations of tokens that have all expired. `clock` must outlive it.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeRevocationFilter(const Clock& clock);

// A key without its last eight bytes (the id): one user's rows.
std::shared_ptr<const rocksdb::SliceTransform> MakeUserPrefixExtractor();

}  // namespace belfry::store
