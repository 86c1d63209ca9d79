// SPDX-License-Identifier: Apache-2.0
// The commit-log port: where the sequencer makes commits durable, in order, and the port by which a
// round looks up what earlier commits left behind. Adapters: rocks/ (local disk); a replicated log
// later (docs/adr/0002).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/feed_rows.h"
#include "services/store/core/refs.h"

namespace belfry::store {

// What an idempotency key was used for.
struct IdempotencyRecord {
  EntryId id = 0;
  std::int64_t created_us = 0;
  std::int64_t expires_us = 0;  // unix microseconds; after it the key is free again
  std::string content_hash = {};
  std::uint64_t user = 0;  // HashOf the user who got it, 0: none; so that an erasure finds it
  bool operator==(const IdempotencyRecord&) const = default;
};

struct KeyedRow {
  std::string key;
  std::string value;
};

// Rows by key. What a row says is its owner's business (typed_rows.h).
class RowReader {
 public:
  virtual ~RowReader() = default;

  // In the order asked for; std::nullopt where there is none. kUnavailable: the disk cannot be
  // read. kDataLoss: it is damaged.
  virtual Result<std::vector<std::optional<std::string>>> Read(
      Table table, std::span<const std::string> keys) = 0;
};

// What decides a commit reads through this port: all as the last commit left it. Read and Scan: any
// thread, each at one moment, if the adapter says so. The rest: the sequencer's thread only.
class Tables : public RowReader {
 public:
  // Up to `rows_max` rows of `table` whose keys are at or behind `from`, in their order. Errors
  // likewise.
  virtual Result<std::vector<KeyedRow>> Scan(Table table, std::string_view from,
                                             std::size_t rows_max) = 0;
  // Entries of users, in the order asked for; std::nullopt where there is none. Errors likewise.
  virtual Result<std::vector<std::optional<Entry>>> ReadEntries(
      std::span<const EntryRef> entries) = 0;
  // For what has to be walked over.
  virtual const FeedRows& rows() const = 0;
};

// One writer: all calls come from the sequencer's thread.
class EventLog : public Tables {
 public:
  // Where every partition stands, by number; read once, at start.
  virtual Result<std::vector<PartitionPosition>> LoadPositions() = 0;

  // OK: `batch` is on disk and readers see it. Any error: UNKNOWN whether it is, now or after a
  // restart; nothing may be committed any more. Commits are durable in the order of the calls.
  virtual Status Commit(const CommitBatch& batch) = 0;
};

}  // namespace belfry::store
