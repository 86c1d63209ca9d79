// SPDX-License-Identifier: Apache-2.0
// A log in memory that fails when it is told to.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/store/core/cursor.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"

namespace belfry::store {

// Not thread-safe.
class FakeEventLog final : public EventLog, public FeedStore {
 public:
  explicit FakeEventLog(Partition partitions = 4) : heads_(partitions), logs_(partitions) {
    for (Partition p = 0; p < partitions; ++p) {
      heads_[p].partition = p;
    }
  }

  enum class NextCommit { kWorks, kFailsUnwritten, kFailsWritten };
  NextCommit next_commit = NextCommit::kWorks;
  bool reads_fail = false;
  int log_reads = 0;
  int commits = 0;
  int heads_asked = 0;
  int keys_asked = 0;

  std::vector<EntryPtr>& log(Partition partition) { return logs_[partition]; }
  std::optional<UserHead> head(const std::string& project, const std::string& user) const {
    const auto found = users_.find({project, user});
    return found == users_.end() ? std::nullopt : std::optional(found->second);
  }
  void SetPosition(const PartitionHead& head) { heads_[head.partition] = head; }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& log : logs_) {
      count += log.size();
    }
    return count;
  }

  Result<std::vector<PartitionHead>> LoadPositions() override { return heads_; }

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
    for (Partition p = 0; p < heads_.size(); ++p) {
      heads.push_back(broadcasts_[{p, std::string(project)}]);
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

  Result<FeedPage> ReadFeed(const FeedQuery&) override {
    return Fail(Code::kUnimplemented, "the fake keeps no feeds");
  }

  Result<LogPage> ReadLog(const LogQuery& query) override {
    ++log_reads;
    if (reads_fail) {
      return Fail(Code::kUnavailable, "read: Input/output error");
    }
    const PartitionHead& head = heads_[query.partition];
    if (query.after < head.floor) {
      return Fail(Code::kOutOfRange, "below the floor");
    }
    LogPage page;
    page.until = query.until == 0 ? head.last_id : query.until;
    std::size_t bytes = 0;
    for (const EntryPtr& entry : logs_[query.partition]) {
      if (entry->id <= query.after || entry->id > page.until) {
        continue;
      }
      bytes += entry->payload.size();
      if (!page.entries.empty() &&
          (page.entries.size() == query.entries_max || bytes > query.bytes_max)) {
        page.more = true;
        break;
      }
      page.entries.push_back(entry);
    }
    return page;
  }

  std::vector<PartitionHead> Heads() const override { return heads_; }
  const std::string& history_id() const override { return history_id_; }

 private:
  void Apply(const CommitBatch& batch) {
    for (const EntryPtr& entry : batch.entries) {
      logs_[entry->partition].push_back(entry);
    }
    for (const auto& change : batch.heads) {
      const std::pair key(std::string(change.user.project), std::string(change.user.user_id));
      if (change.head) {
        users_[key] = *change.head;
      } else {
        users_.erase(key);
      }
    }
    for (const auto& change : batch.broadcast_heads) {
      broadcasts_[{change.partition, std::string(change.project)}] = change.head;
    }
    for (const auto& change : batch.keys) {
      keys_[{std::string(change.key.project), std::string(change.key.key)}] = change.record;
    }
    for (const PartitionHead& position : batch.positions) {
      heads_[position.partition] = position;
    }
  }

  const std::string history_id_ = "fake";
  std::vector<PartitionHead> heads_;
  std::vector<std::vector<EntryPtr>> logs_;
  std::map<std::pair<std::string, std::string>, UserHead> users_;
  std::map<std::pair<Partition, std::string>, BroadcastHead> broadcasts_;
  std::map<std::pair<std::string, std::string>, IdempotencyRecord> keys_;
};

}  // namespace belfry::store
