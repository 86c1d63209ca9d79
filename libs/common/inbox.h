// SPDX-License-Identifier: Apache-2.0
// The words of the inbox: what can be done to notifications, how many count, and what a log entry
// of kind kState holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"

namespace belfry {

inline constexpr std::size_t kMarkIdsMax = 100;    // of one change
inline constexpr std::size_t kKindBytesMax = 128;  // longer ones have no count of their own
inline constexpr std::size_t kKindsMax = 64;       // of a user, with a count each
inline constexpr std::size_t kMutedKindsMax = 64;  // of a user
inline constexpr std::size_t kOperationBytesMax = 128;

// What happened to notifications. Numbers as in belfry.v1.StateOp.
enum class StateOp : std::uint8_t {
  kUnspecified = 0,
  kRead = 1,
  kUnread = 2,
  kArchive = 3,
  kUnarchive = 4,
  kDelete = 5,
  kReadAll = 6,
  kArchiveAll = 7,
  kSeen = 8,
  kPreferences = 9,
  kRetracted = 10,
  kExpired = 11,
  kReplaced = 12,
  kJoin = 13,  // a user is heard of for the first time: in no log
};

// "read_all", as in the `op` of a stream's `state` event; empty for kUnspecified.
std::string_view NameOf(StateOp op);

struct KindCount {
  std::string kind;
  std::uint64_t count = 0;
  bool operator==(const KindCount&) const = default;
};

// How many of a user's notifications count. Absolute: true at log position `up_to`.
struct Counts {
  std::uint64_t unread = 0;
  std::uint64_t unseen = 0;             // of these: above what the user has seen
  std::vector<KindCount> by_kind = {};  // of `unread`; none is 0; sorted by kind; "": all others
  EntryId up_to = 0;
  bool operator==(const Counts&) const = default;
};

// {"unreadCount":2,"unseenCount":1,"byKind":{"comment.created":2},"upTo":"17"}
std::string CountsJson(const Counts& counts);

// What an entry of kind kState holds. Which of the fields are set depends on `op`:
//   kRead to kDelete, kRetracted, kExpired, kReplaced: `ids`
//   kReadAll, kArchiveAll: `up_to`, `kind` (a prefix; empty: all), `only_read`
//   kSeen: `up_to`
//   kPreferences: `muted_kinds`
struct StateChange {
  StateOp op = StateOp::kUnspecified;
  std::vector<EntryId> ids = {};
  EntryId up_to = 0;
  std::string kind = {};
  bool only_read = false;
  std::vector<std::string> muted_kinds = {};  // all that are in force from here on
  std::string operation = {};                 // the caller's Idempotency-Key, given back
  // As of this entry. std::nullopt in an entry of a whole project (a broadcast was retracted or has
  // expired): there they are each user's own.
  std::optional<Counts> counts = {};
  bool operator==(const StateChange&) const = default;
};

// An entry's payload. The bytes are those of record_fields.h.
std::string EncodeStateChange(const StateChange& change);
// std::nullopt: malformed, or of a later version.
std::optional<StateChange> DecodeStateChange(std::string_view bytes);

// One change that a user, a backend or the store itself asks for.
struct StateUpdate {
  std::string project = {};
  std::string user_id = {};  // empty: kRetracted of a broadcast, whose id is ids[0]
  // Of `change` everything but `counts`; kExpired and kReplaced are not asked for.
  StateChange change = {};
  // kRetracted of what was published with this key, instead of `ids`.
  std::string idempotency_key = {};
  bool may_retract_broadcast = false;  // with a key
  bool operator==(const StateUpdate&) const = default;
};

// What came of it.
struct StateUpdated {
  Counts counts = {};                   // zeros for a broadcast's
  std::vector<EntryId> not_found = {};  // of `ids`: not this user's, or gone
  bool changed = false;                 // false: it was so already, no entry was written
  bool operator==(const StateUpdated&) const = default;
};

}  // namespace belfry
