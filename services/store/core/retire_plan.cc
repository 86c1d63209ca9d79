// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/retire_plan.h"

#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "services/store/core/typed_rows.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

RetirePlan::RetirePlan(LogState& state, Tables& tables, const CommitTimes& times,
                       Partition partition, std::span<const EntryPtr> entries)
    : draft_(state, tables, times), entries_(entries) {
  BELFRY_CHECK(partition < state.positions.size() && !entries.empty());
  position_ = state.positions[partition];
  BELFRY_CHECK_GT(entries.front()->id, position_.floor);
  BELFRY_CHECK_LE(entries.back()->id, position_.last_id);
  position_.floor = entries.back()->id;
}

Status RetirePlan::Decide() {
  std::vector<UserRef> users;
  for (const EntryPtr& entry : entries_) {
    if (!entry->user_id.empty()) {
      users.push_back({entry->partition, entry->project, entry->user_id});
    }
  }
  if (Status loaded = draft_.LoadUsers(users); !loaded.ok()) {
    return loaded;
  }
  std::vector<const Entry*> notifications;
  std::vector<EntryRef> changed;  // those that may have a state row
  for (const EntryPtr& entry : entries_) {
    if (entry->kind != EntryKind::kNotification) {
      continue;
    }
    const CommitDraft::User& user = draft_.LoadedUser(entry->project, entry->user_id);
    if (entry->id <= user.record.erased_up_to) {
      continue;  // it is on no counter
    }
    notifications.push_back(entry.get());
    if (entry->id <= user.record.states_up_to) {
      changed.push_back({user.ref(), entry->id});
    }
  }
  const auto states = draft_.FindStates(changed);
  if (!states.ok()) {
    return Fail(states.error());
  }
  std::size_t next = 0;
  for (const Entry* entry : notifications) {
    CommitDraft::User& user = draft_.LoadedUser(entry->project, entry->user_id);
    const bool has_state = next < changed.size() && changed[next].id == entry->id;
    const EntryState state = has_state ? (*states)[next++] : EntryState{};
    user.record = OnRetire(std::move(user.record), entry->id, entry->notification_kind, state);
    draft_.Touch(user);
    if (entry->expires_us != 0) {
      RemoveExpiry(draft_.batch(), {user.ref(), entry->id}, entry->expires_us);
    }
  }
  ForgetErased();
  for (const EntryPtr& entry : entries_) {
    draft_.TakeOff(*entry);
  }
  draft_.Finish();
  batch().Move(position_);
  return {};
}

void RetirePlan::ForgetErased() {
  for (const EntryPtr& entry : entries_) {
    if (entry->kind != EntryKind::kErased || entry->user_id.empty()) {
      continue;
    }
    CommitDraft::User& user = draft_.LoadedUser(entry->project, entry->user_id);
    if (user.known && IsErased(user.record) && user.record.erased_up_to == entry->id) {
      draft_.Forget(user);
    }
  }
}

void RetirePlan::Settle() { draft_.state().positions[position_.partition] = position_; }

}  // namespace belfry::store
