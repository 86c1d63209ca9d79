// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/user_ledger.h"

#include <algorithm>
#include <tuple>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/big_endian.h"
#include "services/store/core/record_fields.h"

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
  kJoined = 8,     // u64 id, u64 broadcasts
  kMutedKind = 9,  // repeated
};

bool ByKind(const KindCounter& counter, std::string_view kind) { return counter.kind < kind; }

std::vector<KindCounter>::iterator Find(std::vector<KindCounter>& counters, std::string_view kind) {
  const auto at = std::lower_bound(counters.begin(), counters.end(), kind, ByKind);
  return at != counters.end() && at->kind == kind ? at : counters.end();
}

// The counter of that kind, made if there is none.
KindCounter& Make(std::vector<KindCounter>& counters, std::string_view kind) {
  const auto at = std::lower_bound(counters.begin(), counters.end(), kind, ByKind);
  if (at != counters.end() && at->kind == kind) {
    return *at;
  }
  return *counters.insert(at, {std::string(kind), 0});
}

std::size_t Kinds(const std::vector<KindCounter>& counters) {
  const bool rest = !counters.empty() && counters.front().kind.empty();
  return counters.size() - (rest ? 1 : 0);
}

// The counter that an entry is on: its kind's, if there is one, else the rest's.
KindCounter& CounterOf(UserRecord& user, EntryId id, std::optional<std::string_view> kind) {
  if (kind && id > user.unkinded_up_to) {
    const auto own = Find(user.counters, *kind);
    if (own != user.counters.end()) {
      return *own;
    }
  }
  return Make(user.counters, "");
}

UserRecord TakeOff(UserRecord user, EntryId id, std::optional<std::string_view> kind) {
  KindCounter& counter = CounterOf(user, id, kind);
  counter.count -= std::min<std::uint64_t>(counter.count, 1);
  if (id <= user.read_all.up_to && user.exceptions > 0) {
    --user.exceptions;
  }
  return user;
}

// What all kinds count goes to "": from here on it is not known which entry is on which counter.
void FoldKinds(UserRecord& user) {
  const std::uint64_t all = user.unread();
  for (KindCounter& counter : user.counters) {
    counter.count = 0;
  }
  Make(user.counters, "").count = all;
}

void Raise(Mark& mark, EntryId up_to, EntryId at) {
  if (up_to > mark.up_to) {
    mark = {up_to, at};
  }
}

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
      return pair(user.joined, user.broadcasts_base);
    case kMutedKind:
      if (value.empty() || value.size() > kKindBytesMax ||
          user.muted_kinds.size() == kMutedKindsMax) {
        return false;
      }
      user.muted_kinds.emplace_back(value);
      return true;
    default:
      user.unknown_fields += in.field();
      return true;
  }
}

}  // namespace

std::uint64_t UserRecord::unread() const {
  std::uint64_t count = 0;
  for (const KindCounter& counter : counters) {
    count += counter.count;
  }
  return count;
}

bool IsRead(const UserRecord& user, EntryId id, const EntryState& state) {
  if (id <= user.read_all.up_to) {
    // The later one stands: an "unread" behind the mark is an exception from it.
    return state.unread_at <= user.read_all.at || state.read_at_us != 0;
  }
  return state.read_at_us != 0;
}

bool StillCounts(const UserRecord& user, EntryId id, const EntryState& state) {
  return !state.archived && !state.deleted && !state.gone && !IsRead(user, id, state);
}

UserRecord OnNotification(UserRecord user, EntryId id, std::optional<std::string_view> kind) {
  BELFRY_CHECK_GT(id, user.last_id);
  user.last_id = id;
  if (!kind) {
    FoldKinds(user);
    user.unkinded_up_to = id;
  } else if (!kind->empty() && kind->size() <= kKindBytesMax &&
             (Find(user.counters, *kind) != user.counters.end() ||
              Kinds(user.counters) < kKindsMax)) {
    ++Make(user.counters, *kind).count;
    return user;
  }
  ++Make(user.counters, "").count;
  return user;
}

EntryState ChangeState(const UserRecord& user, EntryId id, EntryState state, MarkOp op,
                       const Change& change) {
  const bool was_read = IsRead(user, id, state);
  switch (op) {
    case MarkOp::kArchive:
      state.archived = true;
      [[fallthrough]];  // it reads too
    case MarkOp::kRead:
      if (!was_read) {
        state.read_at_us = change.time_us;
      }
      break;
    case MarkOp::kUnread:
      state.read_at_us = 0;
      state.unread_at = change.at;
      break;
    case MarkOp::kUnarchive:
      state.archived = false;
      break;
    case MarkOp::kDelete:
      state.deleted = true;
      break;
  }
  return state;
}

UserRecord OnMark(UserRecord user, EntryId id, std::optional<std::string_view> kind, MarkOp op,
                  const Change& change, EntryState& state) {
  const bool counted = StillCounts(user, id, state);
  state = ChangeState(user, id, state, op, change);
  const bool counts = StillCounts(user, id, state);
  if (counted && !counts) {
    return TakeOff(std::move(user), id, kind);
  }
  if (!counted && counts) {
    ++CounterOf(user, id, kind).count;
    user.exceptions += id <= user.read_all.up_to ? 1 : 0;
  }
  return user;
}

UserRecord OnReadAll(UserRecord user, EntryId up_to, EntryId at, std::vector<KindCounter> above) {
  up_to = std::min(up_to, at);  // what comes later is not marked
  if (up_to <= user.read_all.up_to) {
    return user;
  }
  Raise(user.read_all, up_to, at);
  user.exceptions = 0;
  for (KindCounter& counter : user.counters) {
    const auto still = Find(above, counter.kind);
    counter.count = still == above.end() ? 0 : still->count;
  }
  return user;
}

UserRecord OnArchiveAll(UserRecord user, EntryId up_to, EntryId at,
                        std::vector<KindCounter> above) {
  Raise(user.archive_all, std::min(up_to, at), at);
  return OnReadAll(std::move(user), up_to, at, std::move(above));
}

UserRecord OnSeen(UserRecord user, EntryId up_to) {
  user.seen_up_to = std::max(user.seen_up_to, up_to);
  return user;
}

UserRecord OnExpire(UserRecord user, EntryId id, std::optional<std::string_view> kind,
                    EntryState& state) {
  const bool counted = StillCounts(user, id, state);
  state.gone = true;
  return counted ? TakeOff(std::move(user), id, kind) : user;
}

UserRecord OnRetire(UserRecord user, EntryId id, std::optional<std::string_view> kind,
                    const EntryState& state) {
  if (Planted(PlantedFault::kRetirementNotCounted)) {
    return user;
  }
  return StillCounts(user, id, state) ? TakeOff(std::move(user), id, kind) : user;
}

UserRecord OnJoin(UserRecord user, EntryId at, std::uint64_t broadcasts) {
  if (user.joined == 0) {
    user.joined = at;
    user.broadcasts_base = broadcasts;
  }
  return user;
}

UserRecord OnMute(UserRecord user, std::vector<std::string> kinds) {
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  kinds.resize(std::min(kinds.size(), kMutedKindsMax));
  user.muted_kinds = std::move(kinds);
  return user;
}

bool IsMuted(const UserRecord& user, std::string_view kind) {
  return std::any_of(user.muted_kinds.begin(), user.muted_kinds.end(),
                     [&](const std::string& prefix) { return kind.starts_with(prefix); });
}

EntryId BroadcastsReadUpTo(const UserRecord& user, EntryId floor) {
  return std::max({user.read_all.up_to, user.joined, floor});
}

std::uint64_t BroadcastsUnread(const UserRecord& user, std::uint64_t broadcasts,
                               std::uint64_t oldest) {
  const std::uint64_t before = std::max(oldest - 1, user.broadcasts_base);
  return broadcasts > before ? broadcasts - before : 0;
}

std::string EncodeUserRecord(const UserRecord& user) {
  RecordWriter out;
  out.PutNumber(kLastId, user.last_id);
  for (const KindCounter& counter : user.counters) {
    std::string value;
    AppendNumber(value, counter.count);
    out.Put(kCounter, value + counter.kind);
  }
  out.PutNumber(kExceptions, user.exceptions);
  out.PutNumber(kUnkindedUpTo, user.unkinded_up_to);
  out.PutPair(kReadAll, user.read_all.up_to, user.read_all.at);
  out.PutPair(kArchiveAll, user.archive_all.up_to, user.archive_all.at);
  out.PutNumber(kSeenUpTo, user.seen_up_to);
  out.PutPair(kJoined, user.joined, user.broadcasts_base);
  for (const std::string& kind : user.muted_kinds) {
    out.Put(kMutedKind, kind);
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
  return in.good() ? std::optional(std::move(user)) : std::nullopt;
}

}  // namespace belfry::store
