// SPDX-License-Identifier: Apache-2.0
// One partition's log as an edge sees it: the applied position and what came too early to be
// applied. Decides for each entry: the next one, a repeat, or behind a hole.
// Not thread-safe: the follower's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "libs/common/entry.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

class PartitionLog {
 public:
  // What an entry turned out to be.
  enum class Fate : std::uint8_t {
    kApplied,
    kRepeat,   // already applied, or already held
    kHeld,     // a hole lies before it
    kDropped,  // as kHeld, but there is no room: it is part of the hole now
    kForked,   // it follows a point before our position: what we applied after that point is not
               // part of its history. The log is unchanged
  };

  // Everything up to `position` counts as applied.
  explicit PartitionLog(EntryId position) : position_(position) {}

  // Takes one entry. What it makes applicable (itself, then held ones) is appended to `applied`, in
  // order. `room`: how many more bytes may be held; reduced or increased by what is held or freed.
  Fate Take(SentEntry sent, std::size_t& room, std::vector<SentEntry>& applied);

  // Everything up to `position` counts as applied, whether or not it came by. May go back. Held
  // entries that fit behind it are appended to `applied`; those up to it are forgotten.
  void MoveTo(EntryId position, std::size_t& room, std::vector<SentEntry>& applied);

  // Forgets what is held.
  void DropHeld(std::size_t& room);

  EntryId position() const { return position_; }
  bool has_hole() const { return !held_.empty(); }
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  void ApplyHeld(std::size_t& room, std::vector<SentEntry>& applied);

  EntryId position_;
  std::map<EntryId, SentEntry> held_;  // all with prev > position_
  std::size_t held_bytes_ = 0;
};

}  // namespace belfry::edge
