// SPDX-License-Identifier: Apache-2.0
// The commit-log port: where the sequencer makes a round durable, and looks up what earlier rounds
// left behind. Adapters: rocks/ (local disk); a replicated log later (docs/adr/0002).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::store {

// What is kept per user, beside the entries.
struct UserHead {
  EntryId last_id = 0;       // the user's newest own entry
  std::uint64_t unread = 0;  // own notifications above the floor that are not read
  EntryId read_up_to = 0;    // read-all watermark: everything up to it counts as read
  bool operator==(const UserHead&) const = default;
};

// What is kept per project and partition.
struct BroadcastHead {
  EntryId last_id = 0;        // the newest broadcast's copy here
  std::uint64_t ordinal = 0;  // how many there have been
  bool operator==(const BroadcastHead&) const = default;
};

// What an idempotency key was used for.
struct IdempotencyRecord {
  EntryId id = 0;
  std::int64_t created_us = 0;
  std::int64_t expires_us = 0;  // unix microseconds; after it the key is free again
  std::string content_hash = {};
  bool operator==(const IdempotencyRecord&) const = default;
};

inline constexpr std::size_t kUserBytesMax = 255;  // one length byte in a key; the wire allows less

// Names of rows. The texts must outlive the call they are passed to.
struct UserRef {
  Partition partition = 0;
  std::string_view project;
  std::string_view user_id;
};
struct KeyRef {
  std::string_view project;
  std::string_view key;
};

// Everything that one round changes. Applied whole or not at all.
struct CommitBatch {
  struct HeadChange {
    UserRef user;
    std::optional<UserHead> head;  // nothing: the row goes
  };
  struct BroadcastHeadChange {
    Partition partition = 0;
    std::string_view project;
    BroadcastHead head;
  };
  struct KeyChange {
    KeyRef key;
    IdempotencyRecord record;
  };

  std::vector<EntryPtr> entries = {};  // by id within each partition
  std::vector<HeadChange> heads = {};
  std::vector<BroadcastHeadChange> broadcast_heads = {};
  std::vector<KeyChange> keys = {};
  std::vector<PartitionHead> positions = {};  // of the partitions that moved
};

// One writer: all calls come from the sequencer's thread.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Where every partition stands, by number; read once, at start.
  virtual Result<std::vector<PartitionHead>> LoadPositions() = 0;

  // OK: `batch` is on disk and readers see it. Any error: UNKNOWN whether it is, now or after a
  // restart; nothing may be committed any more. An empty batch still writes and syncs something:
  // it probes the disk.
  virtual Status Commit(const CommitBatch& batch) = 0;

  // Rows by name, in the order asked for; nothing where there is none.
  virtual Result<std::vector<std::optional<UserHead>>> ReadHeads(
      std::span<const UserRef> users) = 0;
  // One per partition, by number; zeros where there is none.
  virtual Result<std::vector<BroadcastHead>> ReadBroadcastHeads(std::string_view project) = 0;
  // May return records that have expired.
  virtual Result<std::vector<std::optional<IdempotencyRecord>>> FindKeys(
      std::span<const KeyRef> keys) = 0;
};

}  // namespace belfry::store
