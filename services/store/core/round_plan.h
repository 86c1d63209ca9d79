// SPDX-License-Identifier: Apache-2.0
// From items that callers append to one CommitBatch and every item's answer. Decides by what Tables
// say; the caller commits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "services/store/core/append.h"
#include "services/store/core/event_log.h"
#include "services/store/core/project_record.h"
#include "services/store/core/users_cache.h"

namespace belfry::store {

// What outlives a round. The sequencer's thread only.
struct LogState {
  explicit LogState(std::size_t users_max) : users(users_max) {}

  std::vector<PartitionHead> positions;  // by number
  EntryId last_id = 0;                   // the greatest of all positions: one sequence for all
  UsersCache users;
  // Forgotten whole when there are too many.
  std::unordered_map<std::string, ProjectRecord> projects;
  std::uint64_t rounds = 0;
};

struct RoundRules {
  std::int64_t now_us = 0;     // the wall clock
  std::int64_t passed_us = 0;  // what surely has passed: keys are forgotten by it (Clock)
  std::int64_t key_ttl_us = 0;
  bool disk_low = false;  // repeats are still answered, nothing new is taken
};

// The id that follows `last`, the store's greatest, when the wall clock says `now_us`; 0 when there
// is none left. The clock can only push ids ahead, never back, and not beyond kEntryIdMax: a clock
// that says so is not believed. Every id of a store is made here; several stores could share one
// sequence by each taking the ids of its own residue (id % stores), and this is the place for it.
EntryId NextId(EntryId last, std::int64_t now_us);

// What `item` adds to a commit's encoded_bytes() at most, its rows included.
std::size_t CommitBytesMax(const AppendItem& item, std::size_t partitions);

// Not thread-safe. The items must outlive it.
class RoundPlan {
 public:
  RoundPlan(LogState& state, Tables& tables, const RoundRules& rules);

  // Decides all items, in their order, and changes `state` accordingly. On an error nothing is
  // decided and state is as before.
  Status Decide(std::span<AppendItem* const> items);

  // What Decide made; empty() when there is nothing to commit.
  CommitBatch& batch() { return batch_; }
  bool empty() const { return batch_.entries().empty(); }
  // One per item.
  AppendResults& results() { return results_; }

 private:
  using Key = std::pair<std::string_view, std::string_view>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()(key.first) * 0x9e3779b97f4a7c15 ^
             std::hash<std::string_view>()(key.second);
    }
  };
  // What an idempotency key stands for: as recorded earlier, or by this round.
  struct KeyUse {
    bool used = false;
    EntryId id = 0;
    std::int64_t created_us = 0;
    std::string_view content_hash;
  };

  Status LookUpKeys(std::span<AppendItem* const> items);
  Status LoadUsers(std::span<AppendItem* const> items);
  Status LoadProjects(std::span<AppendItem* const> items);
  Result<Appended> DecideItem(AppendItem& item);
  // An id that lies behind the time that has passed would be retired too soon.
  std::int64_t id_time_us() const { return std::max(rules_.now_us, rules_.passed_us); }
  EntryId AddNotification(AppendItem& item);
  EntryId AddBroadcast(AppendItem& item);
  void AddEntry(Entry entry);
  void CollectChanges();

  // Constant.
  LogState& state_;
  Tables& tables_;
  const RoundRules rules_;

  std::unordered_map<Key, KeyUse, KeyHash> keys_;
  std::vector<std::optional<IdempotencyRecord>> records_;  // keys_ point into their hashes
  std::vector<UsersCache::User*> touched_users_;
  std::vector<bool> touched_partitions_;
  std::unordered_set<std::string_view> touched_projects_;
  CommitBatch batch_;
  AppendResults results_;
};

}  // namespace belfry::store
