// SPDX-License-Identifier: Apache-2.0
// The words of the log: entries, partitions, positions. See docs/storage-format.md for the bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/payload.h"

namespace belfry {

// Unique in a store and strictly increasing with every commit, over all partitions; 0 is "before
// the first". Unix microseconds or later.
using EntryId = std::uint64_t;
// 0 to partitions - 1.
using Partition = std::uint32_t;

inline constexpr Partition kPartitionsDefault = 16;
inline constexpr Partition kPartitionsMax = 1024;
// 2^53: the largest id that a JavaScript number holds exactly (microseconds until the year 2255).
inline constexpr EntryId kEntryIdMax = EntryId{1} << 53;

// Unix microseconds from the year 1 to the end of 9999: what RFC 3339 can write, and what can be
// subtracted from any other such time. No entry carries another one.
inline constexpr std::int64_t kUnixMicrosMin = -62'135'596'800'000'000;
inline constexpr std::int64_t kUnixMicrosMax = 253'402'300'799'999'999;

// Numbers as in belfry.v1.EntryKind.
enum class EntryKind : std::uint8_t {
  kUnspecified = 0,
  kNotification = 1,
  kBroadcast = 2,
  kState = 3,
  kErased = 4,  // with a user: all of theirs up to here was erased; without: what stood here was
  // Only edges read these: they are in the log, and in no feed. Of a user, or without one, in each
  // partition, of a whole project. See revocation.h.
  kRevoked = 5,  // tokens issued before created_us are void
  kKicked = 6,   // streams end, tokens stay good
};
constexpr bool IsForEdges(EntryKind kind) {
  return kind == EntryKind::kRevoked || kind == EntryKind::kKicked;
}

// One entry of a partition's log. Fields as in belfry.v1.LogEntry.
struct Entry {
  EntryId id = 0;
  EntryId prev = 0;
  EntryKind kind = EntryKind::kUnspecified;
  Partition partition = 0;
  std::string project = {};
  std::string user_id = {};
  std::int64_t created_us = 0;
  std::int64_t expires_us = 0;  // 0: never
  EntryId broadcast_id = 0;
  std::string notification_kind = {};  // "comment.created"
  EntryId replaces = 0;  // the notification of the same collapse key that this one replaces
  std::uint32_t collapsed_count = 0;  // how many it has replaced in all
  bool critical = false;              // not even who has muted its kind goes without it
  // Of a notification: a serialized belfry.v1.Notification; shared by a broadcast's entries.
  // Of a kState: a StateChange (inbox.h).
  Payload payload = {};
  // Only in what is read for one user; unix microseconds, 0: not so.
  std::int64_t read_at_us = 0;
  std::int64_t archived_at_us = 0;

  bool operator==(const Entry&) const = default;
};

// Entries are made once and then shared between threads, never changed.
using EntryPtr = std::shared_ptr<const Entry>;

// What an entry takes in memory, about. A broadcast's body, which the entries of all partitions
// share, is weighed in one of them: partition 0's.
std::size_t EntryBytes(const Entry& entry);

// A partition's last id and floor.
struct PartitionPosition {
  Partition partition = 0;
  EntryId last_id = 0;  // 0: empty
  EntryId floor = 0;    // the oldest cursor that can be continued from
  bool operator==(const PartitionPosition&) const = default;
};

// A hash of `user_id` in `project`: FNV-1a (64 bit) over the project's length as one byte, the
// project and the user, then MurmurHash3's 64-bit finalizer. Fixed for ever: data on disk depends
// on it. Sources: Fowler, Noll, Vo, RFC 9923; A. Appleby, MurmurHash3 fmix64.
std::uint64_t HashOf(std::string_view project, std::string_view user_id);

// Which of `partitions` (>= 1) holds the feed of `user_id` in `project`: HashOf modulo
// `partitions`.
Partition PartitionOf(std::string_view project, std::string_view user_id, Partition partitions);

}  // namespace belfry
