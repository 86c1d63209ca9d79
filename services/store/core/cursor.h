// SPDX-License-Identifier: Apache-2.0
// Whether a cursor can be continued from. Pure functions.
#pragma once

#include <span>

#include "libs/common/entry.h"
#include "libs/common/feed.h"

namespace belfry::store {

// Ids between `from` and `to` may have existed and are gone: the log's tail had vanished and the
// operator accepted the loss. `from` is the last entry that was recovered; `to` was never given to
// an entry, and the log goes on after it.
struct LostInterval {
  EntryId from = 0;
  EntryId to = 0;
  bool operator==(const LostInterval&) const = default;
};

// `head` and `lost` (by id) are the partition's.
CursorFault JudgeCursor(EntryId after, const PartitionPosition& head,
                        std::span<const LostInterval> lost);

// How far one can read on from `after`, a valid cursor, without skipping a loss: the nearest
// lost interval's `from`, or the partition's last id.
EntryId ReadableUntil(EntryId after, const PartitionPosition& head,
                      std::span<const LostInterval> lost);

}  // namespace belfry::store
