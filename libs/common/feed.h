// SPDX-License-Identifier: Apache-2.0
// What is asked of a user's feed, and what is answered: pages upwards from a cursor for streams,
// lists downwards for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"

namespace belfry {

// Why a cursor cannot be continued from. Numbers as in belfry.v1.CursorFault.
enum class CursorFault : std::uint8_t {
  kNone = 0,
  kAhead = 1,         // beyond the partition's last id
  kWindowPassed = 2,  // below the floor
  kHistoryLost = 3,   // in an interval that was lost
};

// One feed to read; fields as in belfry.v1.FeedQuery.
struct FeedQuery {
  std::string project;
  std::string user_id;
  EntryId after = 0;
  std::uint32_t entries_max = 0;
  std::uint32_t bytes_max = 0;
  bool heads_only = false;
};

// What came of it; fields as in belfry.v1.FeedPage.
struct FeedPage {
  CursorFault fault = CursorFault::kNone;
  std::vector<Entry> entries;
  EntryId up_to = 0;
  bool more = false;
  EntryId floor = 0;
  Counts counts = {};
  std::vector<std::string> muted_kinds = {};  // prefixes; of broadcasts, those are left out
  Partition partition = 0;
  // Nobody has heard of this user: they have to join (StateOp::kJoin) before this page is true for
  // what comes next. Not on the wire: the store sees to it.
  bool unknown_user = false;
};

// Which notifications of a user to list, newest first. Numbers of 0 and empty texts: no such
// filter.
struct ListQuery {
  std::string project = {};
  std::string user_id = {};
  std::uint32_t limit = 20;  // 0: only the counts
  EntryId before = 0;        // 0: from the newest on
  EntryId id = 0;            // this one alone, whatever its state; `before` and filters are ignored
  std::optional<bool> unread = {};
  bool archived = false;  // false: those that are not; true: those that are
  std::string kind = {};  // a prefix
  std::string level = {};
  // The `version` of an answer to the same query: if that is still so, nothing is read.
  std::string if_version = {};
  bool operator==(const ListQuery&) const = default;
};

struct ListPage {
  std::vector<Entry> entries = {};  // newest first, with read_at_us and archived_at_us
  EntryId next_before = 0;          // 0: there is no more
  EntryId oldest_id = 0;            // nothing older is kept; 0: everything is
  Counts counts = {};
  std::vector<std::string> muted_kinds = {};
  std::string version = {};   // changes whenever any answer for this user may
  bool unknown_user = false;  // as in FeedPage
  bool unchanged = false;     // `if_version` still holds: nothing else but version is set
  bool operator==(const ListPage&) const = default;
};

}  // namespace belfry
