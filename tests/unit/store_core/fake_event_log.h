// SPDX-License-Identifier: Apache-2.0
// A log in memory that fails when it is told to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/event_log.h"
#include "services/store/core/feed_page.h"
#include "services/store/core/feed_store.h"
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
  int heads_asked = 0;
  int keys_asked = 0;

  std::vector<EntryPtr> log(Partition partition) const {
    std::vector<EntryPtr> entries;
    for (const auto& [id, entry] : tables_.logs[partition]) {
      entries.push_back(entry);
    }
    return entries;
  }
  std::optional<UserHead> head(const std::string& project, const std::string& user) const {
    const auto found = tables_.users.find({project, user});
    return found == tables_.users.end() ? std::nullopt : std::optional(found->second);
  }
  // For tests that begin with rows of their own.
  test::MemoryTables& tables() { return tables_; }
  void SetPosition(const PartitionHead& head) { tables_.positions[head.partition] = head; }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& log : tables_.logs) {
      count += log.size();
    }
    return count;
  }

  Result<std::vector<PartitionHead>> LoadPositions() override { return tables_.positions; }

  Status Commit(const CommitBatch& batch) override {
    ++commits;
    if (next_commit != NextCommit::kFailsUnwritten) {
      Apply(batch);
    }
    if (next_commit != NextCommit::kWorks) {
      return Fail(Code::kUnavailable, "fsync: Input/output error");
    }
    return {};
  }

  Result<std::vector<std::optional<UserHead>>> ReadHeads(std::span<const UserRef> users) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    heads_asked += static_cast<int>(users.size());
    std::vector<std::optional<UserHead>> heads;
    for (const UserRef& user : users) {
      heads.push_back(head(std::string(user.project), std::string(user.user_id)));
    }
    return heads;
  }

  Result<std::vector<BroadcastHead>> ReadBroadcastHeads(std::string_view project) override {
    std::vector<BroadcastHead> heads;
    for (Partition p = 0; p < tables_.positions.size(); ++p) {
      heads.push_back(tables_.Broadcasts(p, std::string(project)));
    }
    return heads;
  }

  Result<std::vector<std::optional<IdempotencyRecord>>> FindKeys(
      std::span<const KeyRef> keys) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    keys_asked += static_cast<int>(keys.size());
    std::vector<std::optional<IdempotencyRecord>> records;
    for (const KeyRef& key : keys) {
      const auto found = keys_.find({std::string(key.project), std::string(key.key)});
      records.push_back(found == keys_.end() ? std::nullopt : std::optional(found->second));
    }
    return records;
  }

  Result<FeedPage> ReadFeed(const FeedQuery& query) override {
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return store::ReadFeed(rows_, query, now_us);
  }
  Result<LogPage> ReadLog(const LogQuery& query) override {
    ++log_reads;
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    return store::ReadLog(rows_, query);
  }

  std::vector<PartitionHead> Heads() const override { return tables_.positions; }
  const FeedRows& rows() const { return rows_; }
  const std::string& history_id() const override { return history_id_; }

 private:
  void Apply(const CommitBatch& batch) {
    for (const EntryPtr& entry : batch.entries) {
      tables_.logs[entry->partition].insert_or_assign(entry->id, entry);
    }
    for (const auto& change : batch.heads) {
      const std::pair key(std::string(change.user.project), std::string(change.user.user_id));
      if (change.head) {
        tables_.users[key] = *change.head;
      } else {
        tables_.users.erase(key);
      }
    }
    for (const auto& change : batch.broadcast_heads) {
      tables_.broadcasts[{change.partition, std::string(change.project)}] = change.head;
    }
    for (const auto& change : batch.keys) {
      keys_[{std::string(change.key.project), std::string(change.key.key)}] = change.record;
    }
    for (const PartitionHead& position : batch.positions) {
      tables_.positions[position.partition] = position;
    }
  }

  const std::string history_id_ = "fake";
  test::MemoryTables tables_;
  const test::MemoryRows rows_{tables_};
  std::map<std::pair<std::string, std::string>, IdempotencyRecord> keys_;
};

}  // namespace belfry::store
