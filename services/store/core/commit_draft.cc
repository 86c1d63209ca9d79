// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/commit_draft.h"

#include <algorithm>
#include <memory>
#include <span>

#include "libs/common/check.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

EntryId LogState::lowest_floor() const {
  EntryId floor = positions.empty() ? 0 : positions.front().floor;
  for (const PartitionPosition& position : positions) {
    floor = std::min(floor, position.floor);
  }
  return floor;
}

EntryId NextId(EntryId last, std::int64_t now_us) {
  EntryId next = last + 1;
  if (now_us > 0 && static_cast<EntryId>(now_us) <= kEntryIdMax) {
    next = std::max(next, static_cast<EntryId>(now_us));
  }
  return next <= kEntryIdMax ? next : 0;
}

CommitDraft::CommitDraft(LogState& state, Tables& tables, const CommitTimes& times)
    : state_(state), tables_(tables), times_(times), touched_partitions_(state.positions.size()) {
  ++state_.rounds;
}

Status CommitDraft::LoadProject(std::string_view project) {
  if (state_.projects.contains(project)) {
    return {};
  }
  auto record = ReadProject(tables_, project);
  if (!record.ok()) {
    return Fail(Wrap("read a project", std::move(record.error())));
  }
  state_.projects.emplace(project, std::move(*record));
  return {};
}

CommitDraft::User& CommitDraft::UserOf(std::string_view project, std::string_view user_id) {
  User& user = LoadedUser(project, user_id);
  if (!IsKnown(user)) {
    const EntryId floor = state_.positions[user.partition].floor;
    const EntryId at = JoinsAt({user.partition, state_.last_id, floor}, state_.upgraded_at);
    user.record = IsErased(user.record) ? OnJoin(std::move(user.record), at)
                                        : NewUser(at, state_.lookback.Of(project));
    Touch(user);
  }
  return user;
}

CommitDraft::User& CommitDraft::LoadedUser(std::string_view project, std::string_view user_id) {
  User* const user = state_.users.Find(project, user_id);
  BELFRY_CHECK(user != nullptr);
  return *user;
}

ProjectRecord& CommitDraft::ProjectOf(std::string_view project) {
  const auto found = state_.projects.find(project);
  BELFRY_CHECK(found != state_.projects.end());
  return found->second;
}

void CommitDraft::Touch(User& user) {
  if (!touched(user)) {
    user.touched = state_.rounds;
    touched_users_.push_back(&user);
  }
}

void CommitDraft::Forget(User& user) {
  BELFRY_CHECK(!touched(user));
  user.known = false;
  user.record = {};
  batch_.Remove(Table::kUsers, UserPrefix(user.partition, user.project, user.user_id));
}

void CommitDraft::TouchProject(std::string_view project) {
  if (std::find(touched_projects_.begin(), touched_projects_.end(), project) ==
      touched_projects_.end()) {
    touched_projects_.emplace_back(project);
  }
}

EntryId CommitDraft::NextEntryId() const {
  // An id that lies behind the time that has passed would be retired too soon.
  return NextId(state_.last_id, std::max(times_.now_us, times_.passed_us));
}

void CommitDraft::AddEntry(Entry entry) {
  PartitionPosition& position = state_.positions[entry.partition];
  BELFRY_CHECK_GT(entry.id, position.last_id);
  entry.prev = position.last_id;
  position.last_id = entry.id;
  state_.last_id = entry.id;
  touched_partitions_[entry.partition] = true;
  state_.usages.Add(entry.project, UsageWithBody(entry));
  TouchUsage(entry.project);
  batch_.Add(std::make_shared<const Entry>(std::move(entry)));
}

void CommitDraft::TakeOff(const Entry& entry) {
  state_.usages.Subtract(entry.project, UsageWithBody(entry));
  TouchUsage(entry.project);
}

void CommitDraft::TouchUsage(std::string_view project) {
  if (!touched_usages_.contains(project)) {
    touched_usages_.emplace(project);
  }
}

void CommitDraft::AddToAllPartitions(const Entry& entry) {
  for (Partition partition = 0; partition < state_.positions.size(); ++partition) {
    Entry one = entry;
    one.partition = partition;
    AddEntry(std::move(one));
  }
}

Counts CommitDraft::CountsNow(const User& user) {
  return CountsOf(user.record, ProjectOf(user.project), FloorOf(user),
                  state_.positions[user.partition].last_id);
}

void CommitDraft::AddStateEntry(User& user, EntryId id, StateChange change) {
  const ProjectRecord& project = ProjectOf(user.project);
  const EntryId floor = FloorOf(user);
  user.record = PruneBroadcasts(OnStateEntry(std::move(user.record), id), project, floor);
  change.counts = CountsOf(user.record, project, floor, id);
  AddEntry({.id = id,
            .kind = EntryKind::kState,
            .partition = user.partition,
            .project = user.project,
            .user_id = user.user_id,
            .created_us = times_.now_us,
            .payload = EncodeStateChange(change)});
}

Result<std::vector<EntryState>> CommitDraft::FindStates(std::span<const EntryRef> entries) {
  auto states = ReadStates(tables_, entries);
  if (!states.ok() || states_.empty()) {
    return states;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const UserRef& user = entries[i].user;
    const auto found =
        states_.find(WithId(UserPrefix(user.partition, user.project, user.user_id), entries[i].id));
    if (found != states_.end()) {
      (*states)[i] = found->second;
    }
  }
  return states;
}

void CommitDraft::SetState(const EntryRef& entry, const EntryState& state) {
  states_.insert_or_assign(
      WithId(UserPrefix(entry.user.partition, entry.user.project, entry.user.user_id), entry.id),
      state);
}

void CommitDraft::Finish() {
  for (Partition partition = 0; partition < touched_partitions_.size(); ++partition) {
    if (touched_partitions_[partition]) {
      batch_.Move(state_.positions[partition]);
    }
  }
  for (User* user : touched_users_) {
    user->known = true;
    SetUser(batch_, user->ref(), user->record);
  }
  for (const std::string& project : touched_projects_) {
    SetProject(batch_, project, ProjectOf(project));
  }
  for (const std::string& project : touched_usages_) {
    SetUsage(batch_, project, state_.usages);
  }
  for (const auto& [key, state] : states_) {
    batch_.Put(Table::kState, key, EncodeEntryState(state));
  }
}

}  // namespace belfry::store
