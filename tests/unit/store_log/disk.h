// SPDX-License-Identifier: Apache-2.0
// A store on a real directory with its sequencer, stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/retention.h"
#include "services/store/core/sequencer.h"
#include "services/store/rocks/log/rocks_store.h"
#include "tests/support/temp_dir.h"

namespace belfry::store {

class NoListener final : public CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

struct Disk {
  explicit Disk(Partition with_partitions = 4) : partitions(with_partitions) { Open(); }

  Status TryOpen(bool accept_loss = false) {
    sequencer.reset();
    store.reset();
    auto opened = RocksStore::Open({.directory = directory(),
                                    .partitions = partitions,
                                    .accept_loss = accept_loss,
                                    .block_cache_bytes = 1u << 20,
                                    .write_buffer_bytes = 1u << 20},
                                   *time, {});
    if (!opened.ok()) {
      return Fail(opened.error());
    }
    store = std::move(*opened);
    sequencer =
        std::move(*Sequencer::Make({}, *store, listener, guard, *time,
                                   [](const Error&) { FAIL() << "a commit failed"; }, {}, {}));
    return {};
  }
  void Open(bool accept_loss = false) {
    const Status opened = TryOpen(accept_loss);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  }
  void Close() {
    sequencer.reset();
    store.reset();
  }
  std::string directory() const { return (dir.path() / "data").string(); }

  Appended Append(const std::string& user, const std::string& text = "hello",
                  std::int64_t expires_us = 0) {
    AppendItem item;
    item.kind = user.empty() ? EntryKind::kBroadcast : EntryKind::kNotification;
    item.project = "acme";
    item.user_id = user;
    item.idempotency_key = "key" + std::to_string(++keys);
    item.content_hash = std::string(32, 'h');
    item.expires_us = expires_us;
    item.payload = text;
    return Append(std::move(item));
  }
  Appended Append(AppendItem item) {
    Appended appended;
    PendingAppend call;
    call.items.push_back(std::move(item));
    call.done = [&appended](Result<AppendResults> results) {
      ASSERT_TRUE(results.ok() && (*results)[0].ok());
      appended = *(*results)[0];
    };
    sequencer->Append(std::move(call));
    sequencer->Round();
    clock.Advance(std::chrono::milliseconds(1));
    return appended;
  }
  Appended Broadcast() { return Append(std::string()); }
  // One commit of `count` entries for users in turn: their ids.
  std::vector<EntryId> AppendMany(int count, int users, std::size_t bytes) {
    PendingAppend call;
    for (int i = 0; i < count; ++i) {
      AppendItem& item = call.items.emplace_back();
      item.project = "acme";
      item.user_id = "user" + std::to_string(keys % users);
      item.idempotency_key = "key" + std::to_string(++keys);
      item.content_hash = std::string(32, 'h');
      // Of no pattern, so that it is not compressed away.
      while (item.payload.size() < bytes) {
        item.payload += static_cast<char>(random());
      }
    }
    std::vector<EntryId> ids;
    call.done = [&ids](Result<AppendResults> results) {
      ASSERT_TRUE(results.ok());
      for (const auto& result : *results) {
        ASSERT_TRUE(result.ok());
        ids.push_back(result->id);
      }
    };
    sequencer->Append(std::move(call));
    sequencer->Round();
    clock.Advance(std::chrono::milliseconds(1));
    return ids;
  }

  FeedPage Read(const std::string& user, EntryId after, std::uint32_t entries_max = 0,
                std::uint32_t bytes_max = 0) {
    auto page = store->ReadFeed({"acme", user, after, entries_max, bytes_max, false});
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(*page) : FeedPage{};
  }
  // All entries after `after`, page by page.
  std::vector<EntryId> ReadAll(const std::string& user, EntryId after,
                               std::uint32_t entries_max = 0) {
    std::vector<EntryId> ids;
    while (true) {
      const FeedPage page = Read(user, after, entries_max);
      EXPECT_EQ(page.fault, CursorFault::kNone);
      for (const Entry& entry : page.entries) {
        ids.push_back(entry.id);
      }
      EXPECT_GE(page.up_to, after);
      if (!page.more) {
        return ids;
      }
      after = page.up_to;
    }
  }
  Partition partition(const std::string& user) const {
    return PartitionOf("acme", user, partitions);
  }
  void Retire(std::chrono::milliseconds window) {
    Retention retention({window, 3}, *sequencer, *store, clock, {}, {});
    while (retention.Step()) {
    }
  }

  test::TempDir dir;
  const Partition partitions;
  ManualClock clock;
  const Clock* time = &clock;  // the store's
  DiskGuard guard{0};
  NoListener listener;
  int keys = 0;
  std::mt19937 random{1};
  std::unique_ptr<RocksStore> store;
  std::unique_ptr<Sequencer> sequencer;
};

}  // namespace belfry::store
