// SPDX-License-Identifier: Apache-2.0
// What the follower hands to every core: consecutive entries of one partition's log.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"

namespace belfry::edge {

// Immutable once made; shared by all cores.
struct Batch {
  Partition partition = 0;
  // The applied position after this batch: every committed entry up to it is in this batch or in an
  // earlier one. May move without entries.
  EntryId position = 0;
  std::vector<EntryPtr> entries;  // by id, oldest first
  // The store's time when it sent them; see HadExpired.
  std::int64_t store_time_us = 0;
  // Entries between the last batch's position and this one's first are missing and will not come
  // (they fell below the store's floor): the partition's streams read their feeds from the store.
  bool gap = false;
  SteadyTime received;  // when the last of them reached this process
};
using BatchPtr = std::shared_ptr<const Batch>;

}  // namespace belfry::edge
