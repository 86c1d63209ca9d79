// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/feed_view.h"

#include <initializer_list>
#include <utility>

namespace belfry::store {

UserRecord UserOf(const FeedMoment& moment) {
  const EntryId at = JoinsAt(moment.position, moment.upgraded_at);
  if (!moment.user) {
    return NewUser(at);
  }
  return IsErased(*moment.user) ? OnJoin(*moment.user, at) : *moment.user;
}

bool IsUnknown(const FeedMoment& moment) { return !moment.user || IsErased(*moment.user); }

FeedMoment VisibleTo(FeedMoment moment) {
  if (moment.user) {
    moment.position.floor = FloorOf(*moment.user, moment.position.floor);
  }
  return moment;
}

FeedView::FeedView(const FeedMoment& moment, std::int64_t now_us)
    : moment_(moment), now_us_(now_us), user_(UserOf(moment)) {}

void FeedView::SeekAfter(EntryId id) {
  upwards_ = true;
  states_sought_ = false;
  // The records say whether there is anything to seek.
  if (user_.last_id > id) {
    moment_.user_entries->SeekAfter(id);
  }
  if (moment_.project.last_id > id) {
    moment_.project_entries->SeekAfter(id);
  }
  Stand();
}

void FeedView::SeekBefore(EntryId id) {
  upwards_ = false;
  states_sought_ = false;
  if (user_.last_id != 0) {
    moment_.user_entries->SeekBefore(id);
  }
  if (moment_.project.last_id != 0) {
    moment_.project_entries->SeekBefore(id);
  }
  Stand();
}

void FeedView::Next() {
  first_->Next();
  Stand();
}

void FeedView::Stand() {
  const auto own = moment_.user_entries->id();
  const auto project = moment_.project_entries->id();
  if (!own && !project) {
    first_ = nullptr;
  } else if (!project || (own && (*own < *project) == upwards_)) {
    first_ = moment_.user_entries.get();
  } else {
    first_ = moment_.project_entries.get();
  }
}

std::optional<EntryId> FeedView::id() const {
  return first_ == nullptr ? std::nullopt : first_->id();
}

Status FeedView::status() const {
  for (const RowCursor* cursor : std::initializer_list<const RowCursor*>{
           moment_.user_entries.get(), moment_.project_entries.get(), moment_.states.get()}) {
    if (Status status = cursor->status(); !status.ok()) {
      return status;
    }
  }
  return {};
}

Result<EntryState> FeedView::state() {
  const EntryId at = *id();
  if (!own()) {
    return BroadcastStateOf(user_, at);
  }
  if (at > user_.states_up_to) {
    return EntryState{};
  }
  StateCursor& states = *moment_.states;
  if (!std::exchange(states_sought_, true)) {
    upwards_ ? states.SeekAfter(at - 1) : states.SeekBefore(at + 1);
  }
  while (states.id() && (upwards_ ? *states.id() < at : *states.id() > at)) {
    states.Next();
  }
  if (!states.id()) {
    if (Status status = states.status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
  }
  return states.id() == at ? states.state() : Result<EntryState>(EntryState{});
}

bool FeedView::IsThere(const Entry& entry, const EntryState& state) const {
  if (entry.kind == EntryKind::kErased) {
    return false;
  }
  if (entry.kind == EntryKind::kState) {
    return !entry.user_id.empty() || entry.id > user_.joined;
  }
  if (state.deleted || state.gone || (entry.expires_us != 0 && entry.expires_us <= now_us_)) {
    return false;
  }
  if (entry.kind != EntryKind::kBroadcast) {
    return true;
  }
  const LiveBroadcast* live = FindLive(moment_.project, entry.id);
  return live != nullptr && IsForUser(user_, *live);
}

Result<std::optional<Entry>> FeedView::Read() {
  const auto state = this->state();
  if (!state.ok()) {
    return Fail(state.error());
  }
  if (state->deleted || state->gone) {
    return std::optional<Entry>();
  }
  auto entry = first_->entry();
  if (!entry.ok()) {
    return Fail(std::move(entry.error()));
  }
  if (!IsThere(*entry, *state)) {
    return std::optional<Entry>();
  }
  entry->prev = 0;  // a feed's entries follow each other, not their partition's
  if (entry->kind != EntryKind::kState) {
    entry->read_at_us = ReadAt(user_, entry->id, *state);
    entry->archived_at_us = ArchivedAt(user_, entry->id, *state);
  }
  return std::optional(std::move(*entry));
}

}  // namespace belfry::store
