// SPDX-License-Identifier: Apache-2.0
// What a bus in memory does to entries, as the wire does it.
#pragma once

#include <memory>
#include <utility>

#include "libs/common/entry.h"

namespace belfry::test {

// The entry as an announcement has it: a broadcast refers to its body.
inline EntryPtr AsAnnounced(const EntryPtr& entry) {
  if (entry->kind != EntryKind::kBroadcast) {
    return entry;
  }
  Entry reference = *entry;
  reference.payload = {};
  return std::make_shared<const Entry>(std::move(reference));
}

}  // namespace belfry::test
