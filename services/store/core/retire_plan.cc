// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/retire_plan.h"

#include <optional>
#include <utility>

#include "libs/common/check.h"
#include "services/store/core/typed_rows.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

RetirePlan::RetirePlan(LogState& state, Partition partition, std::span<const EntryPtr> entries)
    : state_(state), entries_(entries) {
  BELFRY_CHECK(partition < state.positions.size() && !entries.empty());
  position_ = state.positions[partition];
  BELFRY_CHECK_GT(entries.front()->id, position_.floor);
  BELFRY_CHECK_LE(entries.back()->id, position_.last_id);
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
    UsersCache::User* user = state_.users.Find(entry->project, entry->user_id);
    if (entry->kind == EntryKind::kNotification) {
      user->record = OnRetire(std::move(user->record), entry->id, std::nullopt, {});
    }
    if (user->touched != state_.rounds) {
      user->touched = state_.rounds;
      touched_.push_back(user);
    }
  }
  batch_.Move(position_);
  for (const UsersCache::User* user : touched_) {
    SetUser(batch_, user->ref(), user->record);
  }
  return {};
}

void RetirePlan::Settle() { state_.positions[position_.partition] = position_; }

}  // namespace belfry::store
