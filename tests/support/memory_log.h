// SPDX-License-Identifier: Apache-2.0
// A store in memory as an edge sees it: what is committed is in it at once, and the product's rules
// read it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/feed_page.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/list_page.h"
#include "tests/support/memory_rows.h"

namespace belfry::test {

// What is to be committed; its id and links are the log's to give.
struct MemoryEntry {
  EntryKind kind = EntryKind::kNotification;
  Partition partition = 0;
  std::string project = "p";
  std::string user_id = {};  // empty: a broadcast
  std::string payload = {};
  std::string notification_kind = {};
  std::int64_t created_us = 1;
  std::int64_t expires_us = 0;
};

// Not thread-safe.
class MemoryLog {
 public:
  // Ids begin above `last_id`. `position`: where every partition's empty log stands.
  explicit MemoryLog(Partition partitions, EntryId last_id = 1'000, EntryId position = 0)
      : tables_(partitions), last_id_(std::max(last_id, position)) {
    tables_.everybody_known = true;
    for (PartitionPosition& head : tables_.positions) {
      head.last_id = position;
    }
  }

  EntryPtr Commit(MemoryEntry made) {
    auto entry = std::make_shared<Entry>();
    entry->prev = tables_.positions[made.partition].last_id;
    entry->id = ++last_id_;
    entry->kind = made.kind;
    entry->partition = made.partition;
    entry->project = std::move(made.project);
    entry->user_id = std::move(made.user_id);
    entry->created_us = made.created_us;
    entry->expires_us = made.expires_us;
    entry->payload = std::move(made.payload);
    entry->notification_kind = std::move(made.notification_kind);
    if (entry->user_id.empty()) {
      entry->broadcast_id = entry->id;
    }
    tables_.Add(entry);
    entries_.push_back(entry);
    return entry;
  }

  void SetFloor(Partition partition, EntryId floor) { tables_.positions[partition].floor = floor; }
  // The entries in (from, to] are gone, and it is known.
  void Lose(Partition partition, EntryId from, EntryId to) {
    auto& log = tables_.logs[partition];
    log.erase(log.upper_bound(from), log.upper_bound(to));
    tables_.lost[partition].push_back({from, to});
  }

  Result<FeedPage> ReadFeed(const FeedQuery& query) const {
    return store::ReadFeed(MemoryRows(tables_), query, 0);
  }
  Result<ListPage> List(const ListQuery& query) const {
    return store::List(MemoryRows(tables_), query, 0, [](const Entry& entry) {
      return store::PayloadFields{entry.notification_kind, {}};
    });
  }
  Result<store::LogPage> ReadLog(const store::LogQuery& query) const {
    return store::ReadLog(MemoryRows(tables_), query);
  }

  // All that was ever committed.
  const std::vector<EntryPtr>& entries() const { return entries_; }
  const std::vector<PartitionPosition>& heads() const { return tables_.positions; }
  Partition partitions() const { return static_cast<Partition>(tables_.positions.size()); }
  EntryId last_id() const { return last_id_; }

 private:
  MemoryTables tables_;
  std::vector<EntryPtr> entries_;
  EntryId last_id_;
};

// Whether the entry is in that user's feed.
inline bool IsOfFeed(const Entry& entry, const std::string& project, const std::string& user) {
  return entry.project == project && (entry.user_id == user || entry.kind == EntryKind::kBroadcast);
}

}  // namespace belfry::test
