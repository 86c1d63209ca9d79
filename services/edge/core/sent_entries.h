// SPDX-License-Identifier: Apache-2.0
// Entries as the store sent them, with its time: the store's time decides whether one had expired,
// never a clock of this edge. Only this file of the edge reads an entry's expiry.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/common/entry.h"

namespace belfry::edge {

// Consecutive entries of one partition.
struct SentEntries {
  std::vector<EntryPtr> entries;  // by id, oldest first
  // The store's time (unix microseconds, its guarded clock's) when it sent them; 0: not known,
  // and none counts as expired.
  std::int64_t store_time_us = 0;
};

// One of them.
struct SentEntry {
  EntryPtr entry;
  std::int64_t store_time_us = 0;
};

// Whether `entry` had expired when the store sent it: it is not delivered, whatever this edge's
// clock says, and so by no edge.
inline bool HadExpired(const Entry& entry, std::int64_t store_time_us) {
  return entry.expires_us != 0 && entry.expires_us <= store_time_us;
}

}  // namespace belfry::edge
