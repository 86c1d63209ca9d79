// SPDX-License-Identifier: Apache-2.0
// The bodies of broadcasts, which are announced once, for the partitions' entries that refer to
// them.
// Not thread-safe: the follower's thread only.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "libs/common/entry.h"

namespace belfry::edge {

class BroadcastBodies {
 public:
  // Beyond `bytes_max` the bodies with the smallest ids are forgotten.
  explicit BroadcastBodies(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void Put(EntryId broadcast_id, Payload body);

  // Announced entries: gives each reference its body. A reference whose body is not here is taken
  // out of `entries`, which leaves a hole; the follower fills it from the store, whose entries are
  // whole. Returns how many were taken out.
  std::size_t Resolve(std::vector<EntryPtr>& entries) const;

  // Entries that the store has sent, whole: makes the copies of one body share one.
  void Share(std::vector<EntryPtr>& entries);

  // Forgets all: they are of a history that is gone.
  void Clear() {
    bodies_.clear();
    bytes_ = 0;
  }

  std::size_t bytes() const { return bytes_; }

 private:
  const std::size_t bytes_max_;
  std::map<EntryId, Payload> bodies_;
  std::size_t bytes_ = 0;
};

}  // namespace belfry::edge
