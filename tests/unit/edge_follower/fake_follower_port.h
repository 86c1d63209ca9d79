// SPDX-License-Identifier: Apache-2.0
// What the follower asked for and delivered, noted down.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/edge/core/follower.h"

namespace belfry::edge {

struct AskedLog {
  Partition partition = 0;
  EntryId after = 0;
  bool operator==(const AskedLog&) const = default;
};

class FakeFollowerPort final : public FollowerPort {
 public:
  void Started(Partition partitions) override { started.push_back(partitions); }
  void Deliver(BatchPtr batch) override { batches.push_back(std::move(batch)); }
  void ReadLog(Partition partition, EntryId after, std::uint64_t /*bytes_max*/) override {
    logs.push_back({partition, after});
  }
  void ReadHeads() override { ++heads; }

  std::vector<Partition> started;
  std::vector<BatchPtr> batches;
  std::vector<AskedLog> logs;
  int heads = 0;
};

// Of no user, so that it fits in any partition.
inline EntryPtr MakeEntry(EntryId prev, EntryId id, Partition partition = 0) {
  auto entry = std::make_shared<Entry>();
  entry->id = id;
  entry->prev = prev;
  entry->kind = EntryKind::kNotification;
  entry->partition = partition;
  entry->project = "p";
  entry->payload = std::string(40, 'x');
  return entry;
}

// Entries with these ids that follow `prev` and each other.
inline std::vector<EntryPtr> Chain(EntryId prev, const std::vector<EntryId>& ids) {
  std::vector<EntryPtr> entries;
  for (const EntryId id : ids) {
    entries.push_back(MakeEntry(std::exchange(prev, id), id));
  }
  return entries;
}

// They, as sent when the store's time was `store_time_us`.
inline SentEntries Sent(std::vector<EntryPtr> entries, std::int64_t store_time_us = 0) {
  return {std::move(entries), store_time_us};
}

}  // namespace belfry::edge
