// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/retire_plan.h"

#include <string>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

RetirePlan::RetirePlan(LogState& state, Partition partition, std::span<const EntryPtr> entries)
    : state_(state), entries_(entries) {
  BELFRY_CHECK(partition < state.positions.size() && !entries.empty());
  position_ = state.positions[partition];
  BELFRY_CHECK(entries.front()->id > position_.floor);
  BELFRY_CHECK(entries.back()->id <= position_.last_id);
  position_.floor = entries.back()->id;
  ++state_.rounds;
}

Status RetirePlan::Decide(Tables& tables) {
  std::vector<UserRef> users;
  for (const EntryPtr& entry : entries_) {
    if (!entry->user_id.empty()) {
      users.push_back({entry->partition, entry->project, entry->user_id});
    }
  }
  if (Status loaded = state_.users.Load(users, tables); !loaded.ok()) {
    return loaded;
  }
  for (const EntryPtr& entry : entries_) {
    if (entry->user_id.empty()) {
      continue;
    }
    HeadsCache::User* user = state_.users.Find(entry->project, entry->user_id);
    const bool unread =
        entry->kind == EntryKind::kNotification && entry->id > user->head.read_up_to;
    if (unread && user->head.unread > 0 && !Planted(PlantedFault::kRetirementNotCounted)) {
      --user->head.unread;
    }
    if (user->touched != state_.rounds) {
      user->touched = state_.rounds;
      touched_.push_back(user);
    }
  }
  batch_.Move(position_);
  for (const HeadsCache::User* user : touched_) {
    // When nothing of the user's is left above the floor, an absent row says as much.
    const bool gone = user->head.last_id <= position_.floor;
    SetHead(batch_, user->ref(), gone ? std::nullopt : std::optional(user->head));
  }
  return {};
}

void RetirePlan::Settle() {
  state_.positions[position_.partition] = position_;
  for (const HeadsCache::User* user : touched_) {
    if (user->head.last_id <= position_.floor) {
      state_.users.Erase(user->project, user->user_id);
    }
  }
}

}  // namespace belfry::store
