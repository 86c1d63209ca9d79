// SPDX-License-Identifier: Apache-2.0
// The ledger of one user: the record that is kept of them beside their entries, and pure functions
// for everything that changes it, so that there is one meaning of "counts as unread". Rounds,
// retirement, reads and check go by these functions and no others.
//
// How counts stay exact and O(1) for each own notification
// --------------------------------------------------------
// `counters` holds how many own entries count now, by kind. A mark (read-all, archive-all) changes
// many entries without touching them, so an entry that goes later (expired, retired, deleted) has
// to know whether it still counted. It does, from three things at hand:
//   - its id against the record's marks,
//   - its EntryState, a row that exists only if something was done to this one entry; no row is
//     EntryState{},
//   - the log position of both: an entry's own change stands against a mark exactly if it is the
//     later one (EntryState::unread_at > mark.at).
// StillCounts() is that rule. Whoever takes an entry away calls it with the state as of before and
// the counter goes down by one exactly if it says so; expiry leaves `gone` in the state row, so
// that retirement does not take the entry away a second time. One lookup by key per entry that
// goes; none for one that comes.
//
// Read-all up to an id at or above `last_id` empties the counters. Below it (something arrived
// since the user looked) the caller passes what counts above the mark: a walk over the entries that
// arrived since. A read-all below the mark in force can only change entries that were marked unread
// again since: `exceptions` says how many there are, and when it is 0 there is no walk.
//
// A kind keeps its counter for ever, so an entry is taken off the counter that it was added to: the
// first kKindsMax kinds of a user have one each, all later ones share the counter "". What was
// added while its kind was not known is at or below `unkinded_up_to` and is on "" too. (Today no
// kind is known to the rounds: everything is on "".)
//
// Broadcasts are not in the counters: they are merged on read, whatever the number of users. What
// counts of them is at most the live broadcasts above the user's marks (StillCounts, with the
// join); without state rows of the user's own it is a subtraction of ordinals (BroadcastsUnread).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/entry.h"

namespace belfry::store {

inline constexpr std::size_t kKindsMax = 64;       // with a counter each
inline constexpr std::size_t kKindBytesMax = 128;  // longer ones have no counter of their own
inline constexpr std::size_t kMutedKindsMax = 64;

// Everything up to `up_to` at once, by the change at log position `at`. Zeros: there was none.
struct Mark {
  EntryId up_to = 0;
  EntryId at = 0;
  bool operator==(const Mark&) const = default;
};

struct KindCounter {
  std::string kind;
  std::uint64_t count = 0;
  bool operator==(const KindCounter&) const = default;
};

// What is kept per user, from their first entry until they are erased: it outlives its entries.
struct UserRecord {
  EntryId last_id = 0;                     // the newest own entry
  std::vector<KindCounter> counters = {};  // own entries that count, by kind; sorted by kind
  std::uint64_t exceptions = 0;            // of these: at or below read_all.up_to
  EntryId unkinded_up_to = 0;              // own entries up to here are on the counter ""
  Mark read_all = {};
  Mark archive_all = {};  // implies read_all
  EntryId seen_up_to = 0;
  EntryId joined = 0;                    // broadcasts up to here are not the user's; 0: all are
  std::uint64_t broadcasts_base = 0;     // how many of these the partition's ordinal counts
  std::vector<std::string> muted_kinds;  // prefixes, sorted
  std::string unknown_fields = {};       // of a later version, kept as they are

  // How many own entries count.
  std::uint64_t unread() const;
  bool operator==(const UserRecord&) const = default;
};

// What was done to one entry, of its own or a broadcast, by this user or by the store.
struct EntryState {
  std::int64_t read_at_us = 0;  // 0: not read by a change of its own; kept on repetition
  EntryId unread_at = 0;        // log position of the last "unread"; 0: never
  bool archived = false;
  bool deleted = false;
  bool gone = false;  // expired, replaced or retracted: taken off the counters for good
  bool operator==(const EntryState&) const = default;
};

enum class MarkOp : std::uint8_t { kRead, kUnread, kArchive, kUnarchive, kDelete };

// Where and when a change is committed.
struct Change {
  EntryId at = 0;  // the log position of its `state` entry
  std::int64_t time_us = 0;
};

// The rule. Of an own entry, or with `joined` regarded, of a broadcast.
bool StillCounts(const UserRecord& user, EntryId id, const EntryState& state);
bool IsRead(const UserRecord& user, EntryId id, const EntryState& state);

// A notification with id `id` was committed. `kind` std::nullopt: it is not known.
UserRecord OnNotification(UserRecord user, EntryId id, std::optional<std::string_view> kind);

// An own entry with `id` and `kind` changes from `state`, which is updated. Of a broadcast the
// record does not change: use ChangeState alone.
UserRecord OnMark(UserRecord user, EntryId id, std::optional<std::string_view> kind, MarkOp op,
                  const Change& change, EntryState& state);
// The state after `op`.
EntryState ChangeState(const UserRecord& user, EntryId id, EntryState state, MarkOp op,
                       const Change& change);

// Everything up to `up_to` is read. `above`: what counts above `up_to` (StillCounts) by kind; empty
// if up_to >= last_id. Below the mark in force nothing changes here: the caller marks the
// exceptions up to `up_to`, if there are any, one by one.
UserRecord OnReadAll(UserRecord user, EntryId up_to, EntryId at, std::vector<KindCounter> above);
// Likewise, and everything up to `up_to` is archived.
UserRecord OnArchiveAll(UserRecord user, EntryId up_to, EntryId at, std::vector<KindCounter> above);
// Only moves up.
UserRecord OnSeen(UserRecord user, EntryId up_to);

// An own entry has expired (or was replaced or retracted) at a log position. `state` gets `gone`.
UserRecord OnExpire(UserRecord user, EntryId id, std::optional<std::string_view> kind,
                    EntryState& state);
// An own entry fell below the floor, and its state row with it.
UserRecord OnRetire(UserRecord user, EntryId id, std::optional<std::string_view> kind,
                    const EntryState& state);

// The user is first heard of when their partition stands at `at` and its project has had
// `broadcasts` broadcasts. Once: a second one changes nothing.
UserRecord OnJoin(UserRecord user, EntryId at, std::uint64_t broadcasts);
// Prefixes; beyond kMutedKindsMax the rest is dropped, which the caller has refused before.
UserRecord OnMute(UserRecord user, std::vector<std::string> kinds);
bool IsMuted(const UserRecord& user, std::string_view kind);

// Broadcasts up to here do not count, unless by a state of their own.
EntryId BroadcastsReadUpTo(const UserRecord& user, EntryId floor);
// How many of `broadcasts` so far count when `oldest` is the ordinal of the first one above
// BroadcastsReadUpTo.
std::uint64_t BroadcastsUnread(const UserRecord& user, std::uint64_t broadcasts,
                               std::uint64_t oldest);

// The bytes are those of record_fields.h.
std::string EncodeUserRecord(const UserRecord& user);
// std::nullopt: malformed, or of a later version.
std::optional<UserRecord> DecodeUserRecord(std::string_view bytes);

}  // namespace belfry::store
