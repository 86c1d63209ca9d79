// SPDX-License-Identifier: Apache-2.0
// Everything that one commit changes, as one value: applied whole or not at all, and the same bytes
// wherever it is applied. docs/commit-batch.md spells the encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::store {

// The tables whose rows a batch changes by key. Entries and positions have fields of their own.
// The numbers are part of the encoding. Who owns a table encodes its keys and values (key_codec.h).
enum class Table : std::uint8_t {
  kUsers = 1,     // a record per user
  kKeys = 2,      // idempotency keys
  kMeta = 3,      // the believed time, accepted losses, the format
  kProjects = 4,  // a record per project
  kState = 5,     // what was done to single entries of a user
  kExpiry = 6,    // what expires when
  kCollapse = 7,  // the newest entry of each collapse key of a user
  kSegments = 8,
  kMembers = 9,    // of segments
  kAudience = 10,  // what was said of users
  kOperations = 11,
  kFeed = 12,    // entries of users by user: written with the entries, removed by an erasure
  kBodies = 13,  // broadcasts' bodies: likewise
};

// A row that a batch writes, or removes.
struct RowChange {
  Table table = Table::kMeta;
  std::string key = {};
  std::optional<std::string> value = {};  // std::nullopt: the row is removed
  bool operator==(const RowChange&) const = default;
};

// Not thread-safe while it is built.
class CommitBatch {
 public:
  // Entries of one partition come by id, but for a conversion's, which rewrite what is there. A
  // broadcast's entries follow each other and share its body; without a body they refer to one that
  // was committed before.
  void Add(EntryPtr entry);
  // Where a partition is after this commit.
  void Move(const PartitionPosition& position);
  // Keys have at most 65,535 bytes. Rows are changed in the order of the calls.
  void Put(Table table, std::string key, std::string value);
  void Remove(Table table, std::string key);

  const std::vector<EntryPtr>& entries() const { return entries_; }
  const std::vector<PartitionPosition>& positions() const { return positions_; }
  const std::vector<RowChange>& rows() const { return rows_; }
  bool empty() const { return entries_.empty() && positions_.empty() && rows_.empty(); }

  // How long Encode's result is. A broadcast's body counts once, not once per partition.
  std::size_t encoded_bytes() const { return encoded_bytes_; }
  std::string Encode() const;
  // What Encode made of a batch. kDataLoss: the bytes are none, or make no sense.
  static Result<CommitBatch> Decode(std::string_view bytes);

  // What an entry with these texts adds to encoded_bytes() at most; its body apart.
  static std::size_t EntryBytesMax(std::string_view project, std::string_view user_id,
                                   std::string_view kind);

 private:
  std::vector<EntryPtr> entries_;
  std::vector<PartitionPosition> positions_;
  std::vector<RowChange> rows_;
  std::size_t encoded_bytes_ = 5;  // version and number of changes
};

}  // namespace belfry::store
