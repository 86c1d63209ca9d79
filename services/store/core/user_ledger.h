// SPDX-License-Identifier: Apache-2.0
// The ledger of one user: the record that is kept of them beside their entries, and pure functions
// for everything that changes it, so that there is one meaning of "counts as unread". Rounds,
// retirement, expiry, reads, lists and check go by these functions and no others.
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
// Read-all up to an id at or above `last_notification_id` empties the counters. Below it (something
// arrived since the user looked) the caller passes what counts above the mark: a walk over the
// entries that arrived since. A read-all below the mark in force can only change entries that were
// marked unread again since, archived ones too: `exceptions` says how many there are, and when it
// is 0 there is no walk. What is unseen works alike: `seen_unread` is how much of what counts lies
// at or below what the user has seen.
//
// A kind keeps its counter for ever, so an entry is taken off the counter that it was added to: the
// first kKindsMax kinds of a user have one each, all later ones share the counter "". What was
// added while its kind was not known, before version 0.2, is at or below `unkinded_up_to` and is on
// "" too.
//
// Broadcasts are not in the counters: they are merged on read, whatever the number of users. A
// project's live broadcasts are few (ProjectRecord), and CountsOf walks over them. What a user did
// to one of them is in `broadcasts`, not in a state row, so that no count needs a second read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"
#include "services/store/core/project_record.h"

namespace belfry::store {

// Everything up to `up_to` at once, by the change at log position `at`. Zeros: there was none.
struct Mark {
  EntryId up_to = 0;
  EntryId at = 0;
  bool operator==(const Mark&) const = default;
};

inline constexpr std::size_t kMarksKept = 32;

// What was done to one entry, of its own or a broadcast, by this user or by the store.
struct EntryState {
  std::int64_t read_at_us = 0;      // 0: not read by a change of its own; kept on repetition
  EntryId unread_at = 0;            // log position of the last "unread"; 0: never
  std::int64_t archived_at_us = 0;  // 0: not archived by a change of its own
  EntryId unarchived_at = 0;        // log position of the last "unarchive"; 0: never
  bool deleted = false;
  bool gone = false;  // expired, replaced or retracted: taken off the counters for good
  bool operator==(const EntryState&) const = default;
};

// Kinds that begin with `kind` are muted for what came after `since`, up to `until`; 0: still.
struct MutedKind {
  std::string kind;
  EntryId since = 0;
  EntryId until = 0;
  bool operator==(const MutedKind&) const = default;
};

// What a user did to a broadcast that is live.
struct BroadcastState {
  EntryId id = 0;
  EntryState state = {};
  bool operator==(const BroadcastState&) const = default;
};

// What is kept per user, from their first entry until they are erased: it outlives its entries.
struct UserRecord {
  EntryId last_id = 0;                   // the newest own entry
  EntryId last_notification_id = 0;      // the newest own notification
  std::vector<KindCount> counters = {};  // own entries that count, by kind; sorted by kind
  std::uint64_t exceptions = 0;          // own entries at or below read_all.up_to, but unread
  std::uint64_t seen_unread = 0;         // of those that count: at or below seen_up_to
  EntryId unkinded_up_to = 0;            // own entries up to here are on the counter ""
  EntryId states_up_to = 0;              // no own entry above it has a state row
  Mark read_all = {};
  Mark archive_all = {};  // implies read_all
  // Marks before these, the oldest first: they say since when. The kMarksKept newest are kept.
  std::vector<Mark> read_before = {};
  std::vector<Mark> archived_before = {};
  EntryId seen_up_to = 0;
  EntryId joined = 0;                           // broadcasts up to here are not the user's
  std::vector<MutedKind> muted_kinds = {};      // in the order of their mutings
  std::vector<BroadcastState> broadcasts = {};  // by id
  EntryId erased_up_to = 0;                     // own entries up to here were erased
  EntryId listed_after = 0;  // 0, or the user's list has broadcasts from before the join, from here
  std::string unknown_fields = {};  // of a later version, kept as they are

  // How many own entries count.
  std::uint64_t unread() const;
  bool operator==(const UserRecord&) const = default;
};

// Where and when a change is committed.
struct Change {
  EntryId at = 0;  // the log position of its `state` entry
  std::int64_t time_us = 0;
};

// The rule. Of an own entry, and with IsForUser of a broadcast.
bool StillCounts(const UserRecord& user, EntryId id, const EntryState& state);
bool IsRead(const UserRecord& user, EntryId id, const EntryState& state);
bool IsArchived(const UserRecord& user, EntryId id, const EntryState& state);
// Since when, unix microseconds; 0: it is not.
std::int64_t ReadAt(const UserRecord& user, EntryId id, const EntryState& state);
std::int64_t ArchivedAt(const UserRecord& user, EntryId id, const EntryState& state);
// The user's feed has, or had, that broadcast: it came after the join, and was not muted.
bool IsForUser(const UserRecord& user, const LiveBroadcast& broadcast);
// What the user did to a broadcast.
EntryState BroadcastStateOf(const UserRecord& user, EntryId id);

// All counts of a user at `up_to`, which is where the partition stands; `floor` is its floor.
Counts CountsOf(const UserRecord& user, const ProjectRecord& project, EntryId floor, EntryId up_to);

// A notification with id `id` was committed. `kind` std::nullopt: it is not known.
UserRecord OnNotification(UserRecord user, EntryId id, std::optional<std::string_view> kind);
// Any other entry of this user.
UserRecord OnStateEntry(UserRecord user, EntryId id);

// An own entry with `id` and `kind` changes from `state`, which is updated. `op`: kRead, kUnread,
// kArchive, kUnarchive or kDelete.
UserRecord OnMark(UserRecord user, EntryId id, std::string_view kind, StateOp op,
                  const Change& change, EntryState& state);
// Likewise, a live broadcast.
UserRecord OnBroadcastMark(UserRecord user, EntryId id, StateOp op, const Change& change);
// The state after `op`.
EntryState ChangeState(const UserRecord& user, EntryId id, EntryState state, StateOp op,
                       const Change& change);

// What of the own entries above an id still counts: for a change that ends below the newest.
struct StillAbove {
  std::vector<KindCount> counters = {};  // by CounterName; sorted by kind
  std::uint64_t seen = 0;                // of these: at or below seen_up_to
  std::uint64_t all() const;
};
void Add(StillAbove& above, const UserRecord& user, EntryId id, std::string_view kind);

// Everything up to `up_to` is read. `above`: what counts above `up_to`; empty if up_to is at or
// above the last notification. Below the mark in force nothing changes here: the caller marks the
// exceptions up to `up_to`, if there are any, one by one.
UserRecord OnReadAll(UserRecord user, EntryId up_to, EntryId at, const StillAbove& above);
// Likewise, and everything up to `up_to` is archived.
UserRecord OnArchiveAll(UserRecord user, EntryId up_to, EntryId at, const StillAbove& above);
// Only moves up. `above`: how many count above `up_to`.
UserRecord OnSeen(UserRecord user, EntryId up_to, std::uint64_t above);

// An own entry has expired (or was replaced or retracted) at a log position. `state` gets `gone`.
UserRecord OnExpire(UserRecord user, EntryId id, std::string_view kind, EntryState& state);
// An own entry fell below the floor, and its state row with it.
UserRecord OnRetire(UserRecord user, EntryId id, std::string_view kind, const EntryState& state);

// A user who is first heard of when their partition stands at `at`. `lookback`: so much of the time
// before is listed, as read.
UserRecord NewUser(EntryId at, std::chrono::milliseconds lookback = {});
// All that is kept of a user is erased, by the entry at log position `at`: what is left says so.
UserRecord ErasedUser(EntryId at);
// Erased and not seen since: the user joins anew, when the partition stands at `at`.
bool IsErased(const UserRecord& user);
UserRecord OnJoin(UserRecord user, EntryId at);
// Nothing at or below it is the user's any more: the partition's floor, or where they were erased.
EntryId FloorOf(const UserRecord& user, EntryId floor);
// Where that is for one whom nobody has heard of. Before `upgraded_at` (0: from the beginning)
// users had no record before their first entry: as long as something is kept from then, all
// broadcasts that are kept are theirs, as they were.
EntryId JoinsAt(const PartitionPosition& position, EntryId upgraded_at);
// `kinds` are muted for what comes after `at`, and no others: what came while another one was
// muted stays muted. At most kMutedKindsMax, not empty; the caller has refused what is not so.
// `floor`: what ended below it is forgotten.
UserRecord OnMute(UserRecord user, std::vector<std::string> kinds, EntryId at, EntryId floor);
// Would a notification of that kind that comes next be muted? Whether it is critical is not asked.
bool IsMuted(const UserRecord& user, std::string_view kind);
// The prefixes in force, sorted.
std::vector<std::string> MutedKinds(const UserRecord& user);
// Forgets what was done to broadcasts that are not live any more, and mutings that have ended and
// hide none that is: a record stays small however often a user changes their mind.
UserRecord PruneBroadcasts(UserRecord user, const ProjectRecord& project, EntryId floor);

// The bytes are those of record_fields.h.
std::string EncodeUserRecord(const UserRecord& user);
// std::nullopt: malformed, or of a later version.
std::optional<UserRecord> DecodeUserRecord(std::string_view bytes);
std::string EncodeEntryState(const EntryState& state);
std::optional<EntryState> DecodeEntryState(std::string_view bytes);

}  // namespace belfry::store
