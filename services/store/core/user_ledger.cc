// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/user_ledger.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "libs/common/record_fields.h"

namespace belfry::store {
namespace {

enum Tag : std::uint8_t {
  kLastId = 1,
  kCounter = 2,  // repeated: u64 count, kind
  kExceptions = 3,
  kUnkindedUpTo = 4,
  kReadAll = 5,     // u64 up to, u64 at
  kArchiveAll = 6,  // likewise
  kSeenUpTo = 7,
  kJoined = 8,
  kMutedKind = 9,  // repeated: u64 since, u64 until, kind
  kLastNotificationId = 10,
  kSeenUnread = 11,
  kStatesUpTo = 12,
  kBroadcast = 13,  // repeated: u64 id, an EntryState record
  kErasedUpTo = 14,
  kReadBefore = 15,      // repeated, as kReadAll
  kArchivedBefore = 16,  // likewise
  kListedAfter = 17,
};

enum StateTag : std::uint8_t {
  kReadAt = 1,
  kUnreadAt = 2,
  kArchivedAt = 3,
  kUnarchivedAt = 4,
  kDeleted = 5,
  kGone = 6,
};

bool ByKind(const KindCount& counter, std::string_view kind) { return counter.kind < kind; }

std::vector<KindCount>::iterator Find(std::vector<KindCount>& counters, std::string_view kind) {
  const auto at = std::lower_bound(counters.begin(), counters.end(), kind, ByKind);
  return at != counters.end() && at->kind == kind ? at : counters.end();
}

// The counter of that kind, made if there is none.
KindCount& Make(std::vector<KindCount>& counters, std::string_view kind) {
  const auto at = std::lower_bound(counters.begin(), counters.end(), kind, ByKind);
  if (at != counters.end() && at->kind == kind) {
    return *at;
  }
  return *counters.insert(at, {std::string(kind), 0});
}

std::size_t Kinds(const std::vector<KindCount>& counters) {
  const bool rest = !counters.empty() && counters.front().kind.empty();
  return counters.size() - (rest ? 1 : 0);
}

// Has `kind` a counter of its own in `counters`, or room for one?
bool HasRoom(std::vector<KindCount>& counters, std::string_view kind) {
  return !kind.empty() && kind.size() <= kKindBytesMax &&
         (Find(counters, kind) != counters.end() || Kinds(counters) < kKindsMax);
}

// The kind of the counter that an entry is on: its own, if there is one, else the rest's.
std::string_view CounterName(const UserRecord& user, EntryId id, std::string_view kind) {
  const auto at = std::lower_bound(user.counters.begin(), user.counters.end(), kind, ByKind);
  const bool own = at != user.counters.end() && at->kind == kind;
  return own && id > user.unkinded_up_to ? kind : std::string_view();
}

UserRecord TakeOff(UserRecord user, EntryId id, std::string_view kind) {
  KindCount& counter = Make(user.counters, CounterName(user, id, kind));
  counter.count -= std::min<std::uint64_t>(counter.count, 1);
  if (id <= user.seen_up_to) {
    user.seen_unread -= std::min<std::uint64_t>(user.seen_unread, 1);
  }
  return user;
}

UserRecord PutOn(UserRecord user, EntryId id, std::string_view kind) {
  ++Make(user.counters, CounterName(user, id, kind)).count;
  user.seen_unread += id <= user.seen_up_to ? 1 : 0;
  return user;
}

// What the record says of an entry: whether it is on a counter, and among the exceptions.
struct Standing {
  bool counts = false;
  bool excepted = false;
};
Standing StandingOf(const UserRecord& user, EntryId id, const EntryState& state) {
  const bool excepted =
      id <= user.read_all.up_to && !state.deleted && !state.gone && !IsRead(user, id, state);
  return {StillCounts(user, id, state), excepted};
}

UserRecord Move(UserRecord user, EntryId id, std::string_view kind, const Standing& before,
                const Standing& after) {
  if (before.excepted && !after.excepted) {
    user.exceptions -= std::min<std::uint64_t>(user.exceptions, 1);
  }
  user.exceptions += !before.excepted && after.excepted ? 1 : 0;
  if (before.counts == after.counts) {
    return user;
  }
  return after.counts ? PutOn(std::move(user), id, kind) : TakeOff(std::move(user), id, kind);
}

// What all kinds count goes to "": from here on it is not known which entry is on which counter.
void FoldKinds(UserRecord& user) {
  const std::uint64_t all = user.unread();
  for (KindCount& counter : user.counters) {
    counter.count = 0;
  }
  Make(user.counters, "").count = all;
}

void Raise(Mark& mark, std::vector<Mark>& before, EntryId up_to, EntryId at) {
  if (up_to <= mark.up_to) {
    return;
  }
  if (mark.up_to != 0) {
    before.push_back(mark);
  }
  if (before.size() > kMarksKept) {
    before.erase(before.begin());
  }
  mark = {up_to, at};
}

// When the entry came under a mark, the first since it was taken out at log position `except`. The
// id of a mark's entry is its time: unix microseconds, or a little later.
std::int64_t TimeOf(const Mark& mark, const std::vector<Mark>& before, EntryId id, EntryId except) {
  const auto first = std::find_if(before.begin(), before.end(), [&](const Mark& one) {
    return id <= one.up_to && except <= one.at;
  });
  return static_cast<std::int64_t>(first == before.end() ? mark.at : first->at);
}

bool IsMarkOp(StateOp op) { return op >= StateOp::kRead && op <= StateOp::kDelete; }

// Reads one field into `user`; false: its value is malformed.
bool TakeField(UserRecord& user, const RecordReader& in) {
  const std::string_view value = in.value();
  const auto number = [&](std::uint64_t& into) {
    const auto read = in.Number();
    into = read.value_or(0);
    return read.has_value();
  };
  const auto pair = [&](std::uint64_t& first, std::uint64_t& second) {
    const auto read = in.Pair();
    std::tie(first, second) = read.value_or(std::pair<std::uint64_t, std::uint64_t>());
    return read.has_value();
  };
  switch (in.tag()) {
    case kLastId:
      return number(user.last_id);
    case kCounter: {
      if (value.size() < 8 || value.size() - 8 > kKindBytesMax ||
          user.counters.size() > kKindsMax) {
        return false;
      }
      const std::string_view kind = value.substr(8);
      if (!user.counters.empty() && user.counters.back().kind >= kind) {
        return false;
      }
      user.counters.push_back({std::string(kind), ReadNumber(value.substr(0, 8))});
      return Kinds(user.counters) <= kKindsMax;
    }
    case kExceptions:
      return number(user.exceptions);
    case kUnkindedUpTo:
      return number(user.unkinded_up_to);
    case kReadAll:
      return pair(user.read_all.up_to, user.read_all.at);
    case kArchiveAll:
      return pair(user.archive_all.up_to, user.archive_all.at);
    case kSeenUpTo:
      return number(user.seen_up_to);
    case kJoined:
      return number(user.joined);
    case kMutedKind:
      if (value.size() <= 16 || value.size() > 16 + kKindBytesMax) {
        return false;
      }
      user.muted_kinds.push_back({std::string(value.substr(16)), ReadNumber(value.substr(0, 8)),
                                  ReadNumber(value.substr(8, 8))});
      return true;
    case kLastNotificationId:
      return number(user.last_notification_id);
    case kSeenUnread:
      return number(user.seen_unread);
    case kStatesUpTo:
      return number(user.states_up_to);
    case kErasedUpTo:
      return number(user.erased_up_to);
    case kListedAfter:
      return number(user.listed_after);
    case kReadBefore: {
      Mark& mark = user.read_before.emplace_back();
      return pair(mark.up_to, mark.at);
    }
    case kArchivedBefore: {
      Mark& mark = user.archived_before.emplace_back();
      return pair(mark.up_to, mark.at);
    }
    case kBroadcast: {
      if (value.size() < 8) {
        return false;
      }
      const EntryId id = ReadNumber(value.substr(0, 8));
      auto state = DecodeEntryState(value.substr(8));
      if (!state || (!user.broadcasts.empty() && user.broadcasts.back().id >= id)) {
        return false;
      }
      user.broadcasts.push_back({id, *state});
      return true;
    }
    default:
      user.unknown_fields += in.field();
      return true;
  }
}

}  // namespace

std::uint64_t UserRecord::unread() const {
  std::uint64_t count = 0;
  for (const KindCount& counter : counters) {
    count += counter.count;
  }
  return count;
}

std::uint64_t StillAbove::all() const {
  std::uint64_t count = 0;
  for (const KindCount& counter : counters) {
    count += counter.count;
  }
  return count;
}

void Add(StillAbove& above, const UserRecord& user, EntryId id, std::string_view kind) {
  ++Make(above.counters, CounterName(user, id, kind)).count;
  above.seen += id <= user.seen_up_to ? 1 : 0;
}

bool IsRead(const UserRecord& user, EntryId id, const EntryState& state) {
  if (id <= user.read_all.up_to) {
    // The later one stands: an "unread" behind the mark is an exception from it.
    return state.unread_at <= user.read_all.at || state.read_at_us != 0;
  }
  return state.read_at_us != 0;
}

bool IsArchived(const UserRecord& user, EntryId id, const EntryState& state) {
  return state.archived_at_us != 0 ||
         (id <= user.archive_all.up_to && state.unarchived_at <= user.archive_all.at);
}

std::int64_t ReadAt(const UserRecord& user, EntryId id, const EntryState& state) {
  if (state.read_at_us != 0 || !IsRead(user, id, state)) {
    return state.read_at_us;
  }
  return TimeOf(user.read_all, user.read_before, id, state.unread_at);
}

std::int64_t ArchivedAt(const UserRecord& user, EntryId id, const EntryState& state) {
  if (state.archived_at_us != 0 || !IsArchived(user, id, state)) {
    return state.archived_at_us;
  }
  return TimeOf(user.archive_all, user.archived_before, id, state.unarchived_at);
}

bool StillCounts(const UserRecord& user, EntryId id, const EntryState& state) {
  return !IsArchived(user, id, state) && !state.deleted && !state.gone && !IsRead(user, id, state);
}

bool IsForUser(const UserRecord& user, const LiveBroadcast& broadcast) {
  const EntryId after = user.listed_after != 0 ? user.listed_after : user.joined;
  if (broadcast.id <= after && !Planted(PlantedFault::kLateJoinerCountsThePast)) {
    return false;
  }
  return broadcast.critical ||
         std::none_of(
             user.muted_kinds.begin(), user.muted_kinds.end(), [&](const MutedKind& muted) {
               return (muted.since < broadcast.id || Planted(PlantedFault::kMuteRetroactive)) &&
                      (muted.until == 0 || broadcast.id <= muted.until) &&
                      broadcast.kind.starts_with(muted.kind);
             });
}

EntryState BroadcastStateOf(const UserRecord& user, EntryId id) {
  const auto at =
      std::lower_bound(user.broadcasts.begin(), user.broadcasts.end(), id,
                       [](const BroadcastState& one, EntryId other) { return one.id < other; });
  return at != user.broadcasts.end() && at->id == id ? at->state : EntryState{};
}

Counts CountsOf(const UserRecord& user, const ProjectRecord& project, EntryId floor,
                EntryId up_to) {
  Counts counts{.unread = user.unread(),
                .unseen = user.unread() - std::min(user.unread(), user.seen_unread),
                .by_kind = user.counters,
                .up_to = up_to};
  // A kind that has a counter has it for all its notifications: room is that of the record, where a
  // counter stays when it is 0.
  for (const LiveBroadcast& live : project.live) {
    if (live.id <= floor || !IsForUser(user, live) ||
        !StillCounts(user, live.id, BroadcastStateOf(user, live.id))) {
      continue;
    }
    ++counts.unread;
    counts.unseen += live.id > user.seen_up_to ? 1 : 0;
    ++Make(counts.by_kind, HasRoom(counts.by_kind, live.kind) ? live.kind : "").count;
  }
  std::erase_if(counts.by_kind, [](const KindCount& kind) { return kind.count == 0; });
  return counts;
}

UserRecord OnNotification(UserRecord user, EntryId id, std::optional<std::string_view> kind) {
  BELFRY_CHECK_GT(id, user.last_id);
  user.last_id = id;
  user.last_notification_id = id;
  if (!kind) {
    FoldKinds(user);
    user.unkinded_up_to = id;
  }
  ++Make(user.counters, kind && HasRoom(user.counters, *kind) ? *kind : "").count;
  return user;
}

UserRecord OnStateEntry(UserRecord user, EntryId id) {
  BELFRY_CHECK_GT(id, user.last_id);
  user.last_id = id;
  return user;
}

EntryState ChangeState(const UserRecord& user, EntryId id, EntryState state, StateOp op,
                       const Change& change) {
  BELFRY_CHECK(IsMarkOp(op));
  const bool was_read = IsRead(user, id, state);
  if (op == StateOp::kArchive && !IsArchived(user, id, state)) {
    state.archived_at_us = change.time_us;
  }
  if ((op == StateOp::kRead || op == StateOp::kArchive) && !was_read) {
    state.read_at_us = change.time_us;
  }
  if (op == StateOp::kUnread && was_read) {
    state.read_at_us = 0;
    state.unread_at = change.at;
  }
  if (op == StateOp::kUnarchive && IsArchived(user, id, state)) {
    state.archived_at_us = 0;
    state.unarchived_at = change.at;
  }
  state.deleted = state.deleted || op == StateOp::kDelete;
  return state;
}

UserRecord OnMark(UserRecord user, EntryId id, std::string_view kind, StateOp op,
                  const Change& change, EntryState& state) {
  const Standing before = StandingOf(user, id, state);
  state = ChangeState(user, id, state, op, change);
  user.states_up_to = std::max(user.states_up_to, id);
  const Standing after = StandingOf(user, id, state);
  return Move(std::move(user), id, kind, before, after);
}

UserRecord OnBroadcastMark(UserRecord user, EntryId id, StateOp op, const Change& change) {
  const EntryState state = ChangeState(user, id, BroadcastStateOf(user, id), op, change);
  const auto at =
      std::lower_bound(user.broadcasts.begin(), user.broadcasts.end(), id,
                       [](const BroadcastState& one, EntryId other) { return one.id < other; });
  if (at != user.broadcasts.end() && at->id == id) {
    at->state = state;
  } else {
    user.broadcasts.insert(at, {id, state});
  }
  return user;
}

UserRecord OnReadAll(UserRecord user, EntryId up_to, EntryId at, const StillAbove& above) {
  up_to = std::min(up_to, at);  // what comes later is not marked
  if (up_to <= user.read_all.up_to) {
    return user;
  }
  Raise(user.read_all, user.read_before, up_to, at);
  user.exceptions = 0;
  user.seen_unread = above.seen;
  if (Planted(PlantedFault::kReadAllTooMuch)) {
    user.counters.clear();
  }
  for (KindCount& counter : user.counters) {
    const auto still =
        std::lower_bound(above.counters.begin(), above.counters.end(), counter.kind, ByKind);
    counter.count = still == above.counters.end() || still->kind != counter.kind ? 0 : still->count;
  }
  return user;
}

UserRecord OnArchiveAll(UserRecord user, EntryId up_to, EntryId at, const StillAbove& above) {
  Raise(user.archive_all, user.archived_before, std::min(up_to, at), at);
  return OnReadAll(std::move(user), up_to, at, above);
}

UserRecord OnSeen(UserRecord user, EntryId up_to, std::uint64_t above) {
  if (up_to > user.seen_up_to) {
    user.seen_up_to = up_to;
    user.seen_unread = user.unread() - std::min(user.unread(), above);
  }
  return user;
}

UserRecord OnExpire(UserRecord user, EntryId id, std::string_view kind, EntryState& state) {
  const Standing before = StandingOf(user, id, state);
  state.gone = true;
  user.states_up_to = std::max(user.states_up_to, id);
  return Move(std::move(user), id, kind, before, {});
}

UserRecord OnRetire(UserRecord user, EntryId id, std::string_view kind, const EntryState& state) {
  if (Planted(PlantedFault::kRetirementNotCounted)) {
    return user;
  }
  const Standing before = StandingOf(user, id, state);
  return Move(std::move(user), id, kind, before, {});
}

UserRecord NewUser(EntryId at, std::chrono::milliseconds lookback) {
  UserRecord user;
  user.joined = at;
  if (const auto back = static_cast<EntryId>(std::chrono::microseconds(lookback).count());
      back != 0 && at != 0) {
    // An id is a time. What lies below the join is as if it had been read then.
    user.listed_after = at > back ? at - back : 1;
    user.read_all = {at, at};
  }
  return user;
}

UserRecord ErasedUser(EntryId at) {
  return {.last_id = at, .last_notification_id = at, .erased_up_to = at};
}

bool IsErased(const UserRecord& user) { return user.erased_up_to != 0 && user.joined == 0; }

UserRecord OnJoin(UserRecord user, EntryId at) {
  user.joined = std::max(at, user.erased_up_to);
  return user;
}

EntryId FloorOf(const UserRecord& user, EntryId floor) {
  return std::max(floor, user.erased_up_to);
}

EntryId JoinsAt(const PartitionPosition& position, EntryId upgraded_at) {
  return position.floor < upgraded_at ? 0 : position.last_id;
}

UserRecord OnMute(UserRecord user, std::vector<std::string> kinds, EntryId at, EntryId floor) {
  std::erase_if(user.muted_kinds, [floor](const MutedKind& muted) {
    return muted.until != 0 && muted.until <= floor;
  });
  for (MutedKind& muted : user.muted_kinds) {
    const auto wanted = std::find(kinds.begin(), kinds.end(), muted.kind);
    if (muted.until == 0 && wanted == kinds.end()) {
      muted.until = at;
    } else if (muted.until == 0) {
      kinds.erase(wanted);
    }
  }
  for (std::string& kind : kinds) {
    user.muted_kinds.push_back({std::move(kind), at, 0});
  }
  return user;
}

bool IsMuted(const UserRecord& user, std::string_view kind) {
  return std::any_of(user.muted_kinds.begin(), user.muted_kinds.end(), [&](const MutedKind& muted) {
    return muted.until == 0 && kind.starts_with(muted.kind);
  });
}

std::vector<std::string> MutedKinds(const UserRecord& user) {
  std::vector<std::string> kinds;
  for (const MutedKind& muted : user.muted_kinds) {
    if (muted.until == 0) {
      kinds.push_back(muted.kind);
    }
  }
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

UserRecord PruneBroadcasts(UserRecord user, const ProjectRecord& project, EntryId floor) {
  std::erase_if(user.broadcasts, [&](const BroadcastState& one) {
    return one.id <= floor || FindLive(project, one.id) == nullptr;
  });
  // A muting that has ended says something of the broadcasts that came meanwhile, if one is live.
  std::erase_if(user.muted_kinds, [&](const MutedKind& muted) {
    return muted.until != 0 &&
           std::none_of(project.live.begin(), project.live.end(), [&](const LiveBroadcast& live) {
             return live.id > floor && live.id > muted.since && live.id <= muted.until &&
                    live.kind.starts_with(muted.kind);
           });
  });
  return user;
}

std::string EncodeUserRecord(const UserRecord& user) {
  RecordWriter out;
  out.PutNumber(kLastId, user.last_id);
  for (const KindCount& counter : user.counters) {
    std::string value;
    AppendNumber(value, counter.count);
    out.Put(kCounter, value + counter.kind);
  }
  out.PutNumber(kExceptions, user.exceptions);
  out.PutNumber(kUnkindedUpTo, user.unkinded_up_to);
  out.PutPair(kReadAll, user.read_all.up_to, user.read_all.at);
  out.PutPair(kArchiveAll, user.archive_all.up_to, user.archive_all.at);
  out.PutNumber(kSeenUpTo, user.seen_up_to);
  out.PutNumber(kJoined, user.joined);
  for (const MutedKind& muted : user.muted_kinds) {
    std::string value;
    AppendNumber(value, muted.since);
    AppendNumber(value, muted.until);
    out.Put(kMutedKind, value + muted.kind);
  }
  out.PutNumber(kLastNotificationId, user.last_notification_id);
  out.PutNumber(kSeenUnread, user.seen_unread);
  out.PutNumber(kStatesUpTo, user.states_up_to);
  for (const BroadcastState& broadcast : user.broadcasts) {
    std::string value;
    AppendNumber(value, broadcast.id);
    out.Put(kBroadcast, value + EncodeEntryState(broadcast.state));
  }
  out.PutNumber(kErasedUpTo, user.erased_up_to);
  out.PutNumber(kListedAfter, user.listed_after);
  for (const Mark& mark : user.read_before) {
    out.PutPair(kReadBefore, mark.up_to, mark.at);
  }
  for (const Mark& mark : user.archived_before) {
    out.PutPair(kArchivedBefore, mark.up_to, mark.at);
  }
  return out.Take(user.unknown_fields);
}

std::optional<UserRecord> DecodeUserRecord(std::string_view bytes) {
  UserRecord user;
  RecordReader in(bytes);
  while (in.Next()) {
    if (!TakeField(user, in)) {
      return std::nullopt;
    }
  }
  if (user.last_notification_id == 0) {
    user.last_notification_id = user.last_id;  // before version 0.2 they were the same
  }
  return in.good() ? std::optional(std::move(user)) : std::nullopt;
}

std::string EncodeEntryState(const EntryState& state) {
  RecordWriter out;
  out.PutNumber(kReadAt, static_cast<std::uint64_t>(state.read_at_us));
  out.PutNumber(kUnreadAt, state.unread_at);
  out.PutNumber(kArchivedAt, static_cast<std::uint64_t>(state.archived_at_us));
  out.PutNumber(kUnarchivedAt, state.unarchived_at);
  out.PutNumber(kDeleted, state.deleted ? 1 : 0);
  out.PutNumber(kGone, state.gone ? 1 : 0);
  return out.Take({});
}

std::optional<EntryState> DecodeEntryState(std::string_view bytes) {
  EntryState state;
  RecordReader in(bytes);
  while (in.Next()) {
    const auto number = in.Number();
    if (!number) {
      return std::nullopt;
    }
    switch (in.tag()) {
      case kReadAt:
        state.read_at_us = static_cast<std::int64_t>(*number);
        break;
      case kUnreadAt:
        state.unread_at = *number;
        break;
      case kArchivedAt:
        state.archived_at_us = static_cast<std::int64_t>(*number);
        break;
      case kUnarchivedAt:
        state.unarchived_at = *number;
        break;
      case kDeleted:
        state.deleted = *number != 0;
        break;
      case kGone:
        state.gone = *number != 0;
        break;
      default:
        return std::nullopt;  // of a later version: what it says is not known
    }
  }
  return in.good() ? std::optional(state) : std::nullopt;
}

}  // namespace belfry::store
