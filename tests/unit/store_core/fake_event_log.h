// SPDX-License-Identifier: Apache-2.0
// A log in memory that fails when it is told to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/audience_page.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_page.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/list_page.h"
#include "tests/support/memory_rows.h"

namespace belfry::store {

// Not thread-safe.
class FakeEventLog final : public EventLog, public FeedStore {
 public:
  explicit FakeEventLog(Partition partitions = 4) : tables_(partitions) {}

  enum class NextCommit { kWorks, kFailsUnwritten, kFailsWritten };
  NextCommit next_commit = NextCommit::kWorks;
  bool reads_fail = false;
  int log_reads = 0;
  std::int64_t now_us = 0;  // what has expired by then is not read
  int commits = 0;
  std::map<Table, int> rows_asked;
  std::size_t largest_commit_bytes = 0;

  std::vector<EntryPtr> log(Partition partition) const {
    std::vector<EntryPtr> entries;
    for (const auto& [id, entry] : tables_.logs[partition]) {
      entries.push_back(entry);
    }
    return entries;
  }
  std::optional<UserRecord> record(const std::string& project, const std::string& user) const {
    const auto partition =
        PartitionOf(project, user, static_cast<Partition>(tables_.positions.size()));
    const auto found = tables_.rows.find({Table::kUsers, UserPrefix(partition, project, user)});
    return found == tables_.rows.end() ? std::nullopt : DecodeUserRecord(found->second);
  }
  // For tests that begin with rows of their own.
  test::MemoryTables& tables() { return tables_; }
  void SetPosition(const PartitionPosition& head) { tables_.positions[head.partition] = head; }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& log : tables_.logs) {
      count += log.size();
    }
    return count;
  }

  Result<std::vector<PartitionPosition>> LoadPositions() override { return tables_.positions; }

  Status Commit(const CommitBatch& batch) override {
    ++commits;
    largest_commit_bytes = std::max(largest_commit_bytes, batch.encoded_bytes());
    if (next_commit != NextCommit::kFailsUnwritten) {
      Apply(batch);
    }
    if (next_commit != NextCommit::kWorks) {
      return Fail(Code::kUnavailable, "fsync: Input/output error");
    }
    return {};
  }

  Result<std::vector<std::optional<std::string>>> Read(Table table,
                                                       std::span<const std::string> keys) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    rows_asked[table] += static_cast<int>(keys.size());
    return tables_.Read(table, keys);
  }

  Result<std::vector<KeyedRow>> Scan(Table table, std::string_view from,
                                     std::size_t rows_max) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return tables_.Scan(table, from, rows_max);
  }
  Result<std::vector<std::optional<Entry>>> ReadEntries(
      std::span<const EntryRef> entries) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return tables_.ReadEntries(entries);
  }
  const FeedRows& rows() const override { return rows_; }

  Result<ListPage> ListFromMemory(const ListQuery& query) override { return List(query); }
  Result<ListPage> List(const ListQuery& query) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return store::List(rows_, query, now_us, [](const Entry& entry) {
      return PayloadFields{entry.notification_kind, {}};
    });
  }
  Result<FeedPage> ReadFeed(const FeedQuery& query) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return store::ReadFeed(rows_, query, now_us);
  }
  Result<AudiencePage> ReadAudience(const AudienceQuery& query) override {
    return store::ReadAudience(*this, query);
  }
  Result<LogPage> ReadLog(const LogQuery& query) override {
    ++log_reads;
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return store::ReadLog(rows_, query);
  }

  std::vector<PartitionPosition> Heads() const override { return tables_.positions; }
  const std::string& history_id() const override { return history_id_; }

 private:
  void Apply(const CommitBatch& batch) { tables_.Apply(batch); }

  const std::string history_id_ = "fake";
  test::MemoryTables tables_;
  const test::MemoryRows rows_{tables_};
};

}  // namespace belfry::store
