// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/cursor.h"

#include <algorithm>

namespace belfry::store {

CursorFault JudgeCursor(EntryId after, const PartitionPosition& head,
                        std::span<const LostInterval> lost) {
  if (after > head.last_id) {
    return CursorFault::kAhead;
  }
  if (after < head.floor) {
    return CursorFault::kWindowPassed;
  }
  for (const LostInterval& interval : lost) {
    // A cursor at `from` has had everything that is left, but would skip what is lost.
    if (interval.from <= after && after < interval.to) {
      return CursorFault::kHistoryLost;
    }
  }
  return CursorFault::kNone;
}

EntryId ReadableUntil(EntryId after, const PartitionPosition& head,
                      std::span<const LostInterval> lost) {
  EntryId until = head.last_id;
  for (const LostInterval& interval : lost) {
    if (interval.from > after) {
      until = std::min(until, interval.from);
    }
  }
  return until;
}

}  // namespace belfry::store
