// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/inbox_plan.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

using User = CommitDraft::User;

// One of a user's own notifications, with what was done to it.
struct OwnEntry {
  Entry entry;
  EntryState state;
};

Error NoIdsLeft() {
  return {Code::kResourceExhausted, "append: the store has no ids left", "IDS_EXHAUSTED"};
}

Error NotFound(std::string what) {
  return {Code::kNotFound, std::move(what), "NOTIFICATION_NOT_FOUND"};
}

// The user's own notifications with after < id <= until that `wanted` picks, as committed.
template <typename Wanted>
Result<std::vector<OwnEntry>> Walk(CommitDraft& draft, const User& user, EntryId after,
                                   EntryId until, Wanted wanted) {
  std::vector<OwnEntry> found;
  const auto moment = draft.tables().rows().Look(user.ref());
  if (!moment.ok()) {
    return Fail(moment.error());
  }
  EntryCursor& own = *moment->user_entries;
  StateCursor& states = *moment->states;
  after = std::max(after, draft.FloorOf(user));
  own.SeekAfter(after);
  states.SeekAfter(after);
  for (; own.id() && *own.id() <= until; own.Next()) {
    while (states.id() && *states.id() < *own.id()) {
      states.Next();
    }
    EntryState state;
    if (states.id() == own.id()) {
      const auto read = states.state();
      if (!read.ok()) {
        return Fail(read.error());
      }
      state = *read;
    }
    if (state.deleted || state.gone) {
      continue;
    }
    auto entry = own.entry();
    if (!entry.ok()) {
      return Fail(std::move(entry.error()));
    }
    if (entry->kind == EntryKind::kNotification && wanted(*entry, state)) {
      found.push_back({std::move(*entry), state});
    }
  }
  for (const RowCursor* cursor :
       {static_cast<const RowCursor*>(&own), static_cast<const RowCursor*>(&states)}) {
    if (Status status = cursor->status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
  }
  return found;
}

// May something count above `up_to`? Where not, no row need be read.
bool MayCountAbove(const UserRecord& user, EntryId up_to) {
  return up_to < user.last_notification_id && user.unread() > 0;
}

// How far `change` reaches: not beyond what there is.
EntryId UpTo(const CommitDraft& draft, const User& user, const StateChange& change) {
  return std::min(change.up_to, draft.state().positions[user.partition].last_id);
}

// What still counts above `up_to`.
Result<StillAbove> CountAbove(CommitDraft& draft, const User& user, EntryId up_to) {
  StillAbove above;
  if (!MayCountAbove(user.record, up_to)) {
    return above;
  }
  const auto counting = Walk(draft, user, up_to, std::numeric_limits<EntryId>::max(),
                             [&](const Entry& entry, const EntryState& state) {
                               return StillCounts(user.record, entry.id, state);
                             });
  if (!counting.ok()) {
    return Fail(counting.error());
  }
  for (const OwnEntry& own : *counting) {
    Add(above, user.record, own.entry.id, own.entry.notification_kind);
  }
  return above;
}

// One update of one user.
class UserUpdate {
 public:
  UserUpdate(CommitDraft& draft, const CriticalKinds& critical, const StateUpdate& update)
      : draft_(draft),
        critical_(critical),
        change_(update.change),
        user_(draft.UserOf(update.project, update.user_id)),
        project_(draft.ProjectOf(update.project)),
        floor_(draft.FloorOf(user_)),
        id_(draft.NextEntryId()) {
    // What comes later is not touched, and nobody who hears of the change may think so.
    change_.up_to = UpTo(draft, user_, change_);
  }

  Result<StateUpdated> Decide() {
    if (id_ == 0) {
      return Fail(NoIdsLeft());
    }
    switch (change_.op) {
      case StateOp::kRead:
      case StateOp::kUnread:
      case StateOp::kArchive:
      case StateOp::kUnarchive:
      case StateOp::kDelete:
        return MarkIds();
      case StateOp::kReadAll:
        return change_.kind.empty() ? ReadAll() : MarkMatching(StateOp::kRead);
      case StateOp::kArchiveAll:
        return change_.kind.empty() && !change_.only_read ? ArchiveAll()
                                                          : MarkMatching(StateOp::kArchive);
      case StateOp::kSeen:
        return Seen();
      case StateOp::kPreferences:
        return Preferences();
      case StateOp::kRetracted:
        return Retract();
      case StateOp::kJoin:
        return Answer(false);  // who was not known joined when the update was taken up
      case StateOp::kUnspecified:
      case StateOp::kExpired:
      case StateOp::kReplaced:
        break;
    }
    return Fail(Code::kInvalidArgument, "update state: no such operation", "OP_UNKNOWN");
  }

 private:
  Change change() const { return {id_, draft_.times().now_us}; }
  EntryRef RefOf(EntryId id) const { return {user_.ref(), id}; }
  bool HasExpired(std::int64_t expires_us) const {
    return expires_us != 0 && expires_us <= draft_.times().passed_us;
  }

  // The counts as they are now; `changed`: after the entry that says what has changed.
  StateUpdated Answer(bool changed, std::vector<EntryId> not_found = {}) {
    if (changed) {
      draft_.Touch(user_);
      draft_.AddStateEntry(user_, id_, change_);
    }
    return {draft_.CountsNow(user_), std::move(not_found), changed};
  }

  void Mark(const OwnEntry& own, StateOp op) {
    EntryState state = own.state;
    user_.record = OnMark(std::move(user_.record), own.entry.id, own.entry.notification_kind, op,
                          change(), state);
    draft_.SetState(RefOf(own.entry.id), state);
  }

  // The broadcast, if it is one that this user has.
  const LiveBroadcast* FindBroadcast(EntryId id) const {
    const LiveBroadcast* live = FindLive(project_, id);
    const bool there = live != nullptr && Counted(*live) && !HasExpired(live->expires_us);
    return there ? live : nullptr;
  }
  // By the user, of whom it was. `own`: if it is one of their own.
  bool WasDeleted(EntryId id, const std::optional<OwnEntry>& own) const {
    const bool broadcast = FindLive(project_, id) != nullptr;
    return broadcast ? id > floor_ && BroadcastStateOf(user_.record, id).deleted
                     : own && own->state.deleted && !own->state.gone;
  }
  // It is the user's, and was not deleted. What has expired is on the counts until an entry says
  // so.
  bool Counted(const LiveBroadcast& live) const {
    return live.id > floor_ && IsForUser(user_.record, live) &&
           !BroadcastStateOf(user_.record, live.id).deleted;
  }

  // The user's own notifications of `ids`; std::nullopt for those that are not there.
  Result<std::vector<std::optional<OwnEntry>>> FindOwn(const std::vector<EntryId>& ids) {
    std::vector<EntryRef> refs;
    refs.reserve(ids.size());
    for (const EntryId id : ids) {
      refs.push_back(RefOf(id));
    }
    auto entries = draft_.tables().ReadEntries(refs);
    if (!entries.ok()) {
      return Fail(entries.error());
    }
    const auto states = draft_.FindStates(refs);
    if (!states.ok()) {
      return Fail(states.error());
    }
    std::vector<std::optional<OwnEntry>> own(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::optional<Entry>& entry = (*entries)[i];
      if (entry && entry->kind == EntryKind::kNotification && entry->id > floor_) {
        own[i] = OwnEntry{std::move(*entry), (*states)[i]};
      }
    }
    return own;
  }

  Result<StateUpdated> MarkIds() {
    std::vector<EntryId> ids = change_.ids;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    const auto own = FindOwn(ids);
    if (!own.ok()) {
      return Fail(own.error());
    }
    std::vector<EntryId> changed;
    std::vector<EntryId> not_found;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const EntryId id = ids[i];
      const std::optional<OwnEntry>& entry = (*own)[i];
      if (FindBroadcast(id) != nullptr) {
        const EntryState before = BroadcastStateOf(user_.record, id);
        if (ChangeState(user_.record, id, before, change_.op, change()) != before) {
          user_.record = OnBroadcastMark(std::move(user_.record), id, change_.op, change());
          changed.push_back(id);
        }
      } else if (change_.op == StateOp::kDelete && WasDeleted(id, entry)) {
        continue;  // it is so already
      } else if (!entry || entry->state.deleted || entry->state.gone ||
                 HasExpired(entry->entry.expires_us)) {
        not_found.push_back(id);
      } else if (ChangeState(user_.record, id, entry->state, change_.op, change()) !=
                 entry->state) {
        Mark(*entry, change_.op);
        changed.push_back(id);
      }
    }
    change_.ids = std::move(changed);
    const bool any = !change_.ids.empty();
    return Answer(any, std::move(not_found));
  }

  // Own ones at or below the mark in force that were marked unread again since.
  Result<std::vector<OwnEntry>> Exceptions(EntryId up_to) {
    if (user_.record.exceptions == 0) {
      return std::vector<OwnEntry>();
    }
    return Walk(draft_, user_, floor_, std::min(up_to, user_.record.read_all.up_to),
                [&](const Entry& entry, const EntryState& state) {
                  return !IsRead(user_.record, entry.id, state);
                });
  }

  // Below the mark in force, one by one. True: there was one, or a broadcast.
  bool ReadExceptions(const std::vector<OwnEntry>& exceptions, EntryId up_to) {
    for (const OwnEntry& own : exceptions) {
      Mark(own, StateOp::kRead);
    }
    const std::size_t broadcasts = MarkBroadcasts(
        up_to, StateOp::kRead,
        [&](EntryId id, const EntryState& state) { return !IsRead(user_.record, id, state); });
    return !exceptions.empty() || broadcasts > 0;
  }

  // Marks the user's broadcasts up to `up_to` that `wanted` picks; the number that changed.
  template <typename Wanted>
  std::size_t MarkBroadcasts(EntryId up_to, StateOp op, Wanted wanted) {
    std::size_t changed = 0;
    for (const LiveBroadcast& live : project_.live) {
      if (live.id > up_to || !Counted(live) || !live.kind.starts_with(change_.kind) ||
          !wanted(live.id, BroadcastStateOf(user_.record, live.id))) {
        continue;
      }
      user_.record = OnBroadcastMark(std::move(user_.record), live.id, op, change());
      ++changed;
    }
    return changed;
  }

  Result<StateUpdated> ReadAll() {
    const EntryId up_to = change_.up_to;
    if (up_to > user_.record.read_all.up_to) {
      const auto above = CountAbove(draft_, user_, up_to);
      if (!above.ok()) {
        return Fail(above.error());
      }
      user_.record = OnReadAll(std::move(user_.record), up_to, id_, *above);
      return Answer(true);
    }
    const auto exceptions = Exceptions(up_to);
    if (!exceptions.ok()) {
      return Fail(exceptions.error());
    }
    return Answer(ReadExceptions(*exceptions, up_to));
  }

  Result<StateUpdated> ArchiveAll() {
    const EntryId up_to = change_.up_to;
    if (up_to <= user_.record.archive_all.up_to) {
      return MarkMatching(StateOp::kArchive);
    }
    const auto exceptions = Exceptions(up_to);
    const auto above = CountAbove(draft_, user_, up_to);
    if (!exceptions.ok() || !above.ok()) {
      return Fail(exceptions.ok() ? above.error() : exceptions.error());
    }
    if (up_to <= user_.record.read_all.up_to) {
      ReadExceptions(*exceptions, up_to);
    }
    user_.record = OnArchiveAll(std::move(user_.record), up_to, id_, *above);
    return Answer(true);
  }

  // One by one, what a mark cannot say.
  Result<StateUpdated> MarkMatching(StateOp op) {
    const auto wanted = [&](EntryId id, const EntryState& state) {
      if (op == StateOp::kRead) {
        return !IsRead(user_.record, id, state);
      }
      const bool read = IsRead(user_.record, id, state);
      const bool archived = IsArchived(user_.record, id, state);
      return change_.only_read ? read && !archived : !read || !archived;
    };
    const EntryId up_to = change_.up_to;
    const auto matching =
        Walk(draft_, user_, floor_, up_to, [&](const Entry& entry, const EntryState& state) {
          return entry.notification_kind.starts_with(change_.kind) && wanted(entry.id, state);
        });
    if (!matching.ok()) {
      return Fail(matching.error());
    }
    for (const OwnEntry& own : *matching) {
      Mark(own, op);
    }
    const std::size_t broadcasts = MarkBroadcasts(up_to, op, wanted);
    return Answer(!matching->empty() || broadcasts > 0);
  }

  Result<StateUpdated> Seen() {
    const EntryId up_to = change_.up_to;
    if (up_to <= user_.record.seen_up_to) {
      return Answer(false);
    }
    const auto above = CountAbove(draft_, user_, up_to);
    if (!above.ok()) {
      return Fail(above.error());
    }
    user_.record = OnSeen(std::move(user_.record), up_to, above->all());
    return Answer(true);
  }

  Result<StateUpdated> Preferences() {
    std::vector<std::string> kinds = change_.muted_kinds;
    std::sort(kinds.begin(), kinds.end());
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    for (const std::string& kind : kinds) {
      if (critical_.Contain(user_.project, kind)) {
        return Fail(Code::kFailedPrecondition,
                    "preferences: \"" + kind + "\" cannot be muted in this project",
                    "KIND_CRITICAL");
      }
    }
    if (kinds == MutedKinds(user_.record)) {
      return Answer(false);
    }
    change_.muted_kinds = kinds;
    user_.record = OnMute(std::move(user_.record), std::move(kinds), id_, floor_);
    return Answer(true);
  }

  Result<StateUpdated> Retract() {
    const auto own = FindOwn(change_.ids);
    if (!own.ok()) {
      return Fail(own.error());
    }
    if (own->size() != 1 || !own->front()) {
      return Fail(NotFound("retract: the user has no such notification"));
    }
    const OwnEntry& entry = *own->front();
    if (entry.state.gone || entry.state.deleted) {
      return Answer(false);  // the user has it no more
    }
    TakeAway(draft_, user_, entry.entry, entry.state);
    return Answer(true);
  }

  CommitDraft& draft_;
  const CriticalKinds& critical_;
  StateChange change_;
  User& user_;
  const ProjectRecord& project_;
  const EntryId floor_;
  const EntryId id_;
};

// The entry of that id in any partition's log; std::nullopt: there is none.
Result<std::optional<Entry>> FindInLogs(CommitDraft& draft, std::string_view project, EntryId id) {
  const FeedRows& rows = draft.tables().rows();
  for (const PartitionPosition& position : draft.state().positions) {
    if (id <= position.floor || id > position.last_id) {
      continue;
    }
    const auto log = rows.Log(position.partition);
    if (!log.ok()) {
      return Fail(log.error());
    }
    (*log)->SeekAfter(id - 1);
    if ((*log)->id() == id) {
      auto entry = (*log)->entry();
      if (!entry.ok()) {
        return Fail(std::move(entry.error()));
      }
      if (entry->project == project) {
        return std::optional(std::move(*entry));
      }
    }
    if (Status status = (*log)->status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
  }
  return std::optional<Entry>();
}

Result<StateUpdated> RetractBroadcast(CommitDraft& draft, const std::string& project, EntryId id) {
  const LiveBroadcast* const live = FindLive(draft.ProjectOf(project), id);
  if (live != nullptr && id > draft.state().lowest_floor()) {
    const EntryId at = draft.NextEntryId();
    if (at == 0) {
      return Fail(NoIdsLeft());
    }
    TakeBroadcastAway(draft, project, LiveBroadcast(*live), StateOp::kRetracted, at);
    return StateUpdated{.changed = true};
  }
  const auto entry = FindInLogs(draft, project, id);
  if (!entry.ok()) {
    return Fail(entry.error());
  }
  if (!*entry || (*entry)->kind != EntryKind::kBroadcast) {
    return Fail(NotFound("retract: there is no such broadcast"));
  }
  return StateUpdated{};  // it is gone already
}

Result<StateUpdated> RetractByKey(CommitDraft& draft, const CriticalKinds& critical,
                                  const StateUpdate& update) {
  const KeyRef key{update.project, update.idempotency_key};
  const auto used = FindKeys(draft.tables(), {&key, 1});
  if (!used.ok()) {
    return Fail(used.error());
  }
  const std::optional<IdempotencyRecord>& record = used->front();
  if (!record || record->expires_us <= draft.times().passed_us) {
    return Fail(NotFound("retract: nothing was published with this idempotency key"));
  }
  const auto entry = FindInLogs(draft, update.project, record->id);
  if (!entry.ok()) {
    return Fail(entry.error());
  }
  if (!*entry) {
    return Fail(NotFound("retract: what was published with this idempotency key is gone"));
  }
  if ((*entry)->kind == EntryKind::kBroadcast) {
    if (!update.may_retract_broadcast) {
      return Fail(Code::kPermissionDenied, "retract: the API key lacks the scope \"broadcast\"",
                  "SCOPE_MISSING");
    }
    return RetractBroadcast(draft, update.project, record->id);
  }
  const UserRef user{(*entry)->partition, update.project, (*entry)->user_id};
  if (Status loaded = draft.LoadUsers({&user, 1}); !loaded.ok()) {
    return Fail(std::move(loaded.error()));
  }
  StateUpdate one = update;
  one.user_id = (*entry)->user_id;
  one.change.ids = {record->id};
  return UserUpdate(draft, critical, one).Decide();
}

}  // namespace

bool ReadsCommitted(const CommitDraft& draft, const CommitDraft::User& user,
                    const StateChange& change) {
  const UserRecord& record = user.record;
  const EntryId up_to = UpTo(draft, user, change);
  switch (change.op) {
    case StateOp::kReadAll:
      if (!change.kind.empty()) {
        return true;
      }
      return up_to > record.read_all.up_to ? MayCountAbove(record, up_to) : record.exceptions > 0;
    case StateOp::kArchiveAll:
      return !change.kind.empty() || change.only_read || up_to <= record.archive_all.up_to ||
             record.exceptions > 0 || MayCountAbove(record, up_to);
    case StateOp::kSeen:
      return up_to > record.seen_up_to && MayCountAbove(record, up_to);
    case StateOp::kRetracted:
      return true;
    default:
      return false;
  }
}

Result<StateUpdated> DecideUpdate(CommitDraft& draft, const CriticalKinds& critical,
                                  const StateUpdate& update) {
  if (!update.user_id.empty()) {
    return UserUpdate(draft, critical, update).Decide();
  }
  if (update.change.op != StateOp::kRetracted) {
    return Fail(Code::kInvalidArgument, "update state: no user", "USER_MISSING");
  }
  if (!update.idempotency_key.empty()) {
    return RetractByKey(draft, critical, update);
  }
  if (update.change.ids.size() != 1) {
    return Fail(Code::kInvalidArgument, "retract: one broadcast at a time", "IDS_WRONG");
  }
  return RetractBroadcast(draft, update.project, update.change.ids.front());
}

void TakeAway(CommitDraft& draft, CommitDraft::User& user, const Entry& entry, EntryState state) {
  user.record = OnExpire(std::move(user.record), entry.id, entry.notification_kind, state);
  const EntryRef ref{user.ref(), entry.id};
  draft.Touch(user);
  draft.SetState(ref, state);
  if (entry.expires_us != 0) {
    RemoveExpiry(draft.batch(), ref, entry.expires_us);
  }
}

void TakeBroadcastAway(CommitDraft& draft, const std::string& project, const LiveBroadcast& live,
                       StateOp op, EntryId id) {
  StateChange change;
  change.op = op;
  change.ids = {live.id};
  draft.AddToAllPartitions({.id = id,
                            .kind = EntryKind::kState,
                            .project = project,
                            .created_us = draft.times().now_us,
                            .broadcast_id = live.id,
                            .payload = EncodeStateChange(change)});
  if (live.expires_us != 0) {
    RemoveExpiry(draft.batch(), {{0, project, {}}, live.id}, live.expires_us);
  }
  ProjectRecord& record = draft.ProjectOf(project);
  record = OnBroadcastGone(std::move(record), live.id, id);
  draft.TouchProject(project);
}

}  // namespace belfry::store
