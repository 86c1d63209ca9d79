// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/partition_log.h"

#include <utility>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"

namespace belfry::edge {

PartitionLog::Fate PartitionLog::Take(SentEntry sent, std::size_t& room,
                                      std::vector<SentEntry>& applied) {
  const Entry& entry = *sent.entry;
  if (entry.id <= position_) {
    return Fate::kRepeat;
  }
  if (entry.prev > position_ && !Planted(PlantedFault::kHoleIgnored)) {
    if (held_.contains(entry.id)) {
      return Fate::kRepeat;
    }
    const std::size_t bytes = EntryBytes(entry);
    if (bytes > room) {
      return Fate::kDropped;
    }
    room -= bytes;
    held_bytes_ += bytes;
    held_.emplace(entry.id, std::move(sent));
    return Fate::kHeld;
  }
  if (entry.prev < position_) {
    return Fate::kForked;
  }
  position_ = entry.id;
  applied.push_back(std::move(sent));
  ApplyHeld(room, applied);
  return Fate::kApplied;
}

void PartitionLog::MoveTo(EntryId position, std::size_t& room, std::vector<SentEntry>& applied) {
  if (position < position_) {
    DropHeld(room);  // they belong to a history that is gone
  }
  position_ = position;
  ApplyHeld(room, applied);
}

void PartitionLog::DropHeld(std::size_t& room) {
  room += held_bytes_;
  held_bytes_ = 0;
  held_.clear();
}

void PartitionLog::ApplyHeld(std::size_t& room, std::vector<SentEntry>& applied) {
  while (!held_.empty()) {
    const auto first = held_.begin();
    const Entry& entry = *first->second.entry;
    const bool unchecked = Planted(PlantedFault::kPrevNotChecked);
    if (entry.prev > position_ && !unchecked) {
      return;
    }
    const std::size_t bytes = EntryBytes(entry);
    room += bytes;
    held_bytes_ -= bytes;
    // One that does not follow our position exactly is a repeat or of another history: if the store
    // has it, filling brings it.
    if (entry.prev == position_ || unchecked) {
      position_ = first->first;
      applied.push_back(std::move(first->second));
    }
    held_.erase(first);
  }
  BELFRY_CHECK_EQ(held_bytes_, 0);
}

}  // namespace belfry::edge
