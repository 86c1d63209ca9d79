// SPDX-License-Identifier: Apache-2.0
// What a check of a data directory has found. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"

namespace belfry::store {

// What is checked, in the order in which it is reported.
enum class CheckKind : std::size_t {
  kTables,      // RocksDB's files: the checksum of every block
  kMeta,        // the directory's own rows
  kPositions,   // last id and floor of each partition
  kLost,        // accepted losses
  kHighWater,   // the file outside RocksDB
  kLog,         // entries: order, links, content
  kFeed,        // users' rows against the log
  kBroadcasts,  // broadcasts' bodies against each partition's log
  kUsers,       // records of users: last ids, counts and kinds against rows and states
  kProjects,    // records of projects: live broadcasts against the bodies
  kKeys,        // idempotency records against the log
  kState,       // what users did to entries, against these and the users' records
  kExpiry,      // what expires when, against the entries
  kCollapse,    // the newest entries of collapse keys
  kSegments,    // segments: how many members, against these
  kMembers,     // members of segments, against what was said of users
  kAudience,    // what was said of users, against the members
  kOperations,  // operations that are under way or ended not long ago
  kUsages,      // what each project has stored, against the log and the bodies
};
inline constexpr std::array<std::string_view, 19> kCheckKindNames = {
    "tables",     "meta",    "positions", "lost",       "high_water", "log",    "feed",
    "broadcasts", "users",   "projects",  "keys",       "state",      "expiry", "collapse",
    "segments",   "members", "audience",  "operations", "usages"};

struct CheckFault {
  CheckKind kind = CheckKind::kTables;
  std::string key;   // which row or file; printable
  std::string what;  // one sentence
};

struct CheckLine {
  std::uint64_t looked_at = 0;
  std::uint64_t faults = 0;
  std::string skipped;  // why some of it could not be judged; empty: all was
};

struct CheckReport {
  std::string history_id;
  Partition partitions = 0;
  std::array<CheckLine, kCheckKindNames.size()> lines;  // by kind
  std::vector<CheckFault> faults;                       // the first of each kind

  bool clean() const {
    for (const CheckLine& line : lines) {
      if (line.faults > 0) {
        return false;
      }
    }
    return true;
  }
};

}  // namespace belfry::store
