// SPDX-License-Identifier: Apache-2.0
// A store that is a list in memory, answering on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/edge/core/event.h"
#include "services/edge/core/feed_source.h"
#include "tests/support/memory_rows.h"

namespace belfry::edge {

// Thread-safe.
class MemoryStore final : public FeedSource {
 public:
  explicit MemoryStore(Partition partitions) : partitions_(partitions), tables_(partitions) {
    for (PartitionHead& position : tables_.positions) {
      position.last_id = 1'000;
    }
    worker_ = std::thread([this] { Work(); });
  }

  ~MemoryStore() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    worker_.join();
  }

  void ReadFeeds(std::vector<FeedQuery> queries, OnPages done) override {
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back({std::move(queries), std::move(done)});
    }
    wake_.notify_all();
  }

  // While away, every read fails with kUnavailable.
  void SetAway(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }

  // The entry, as a follower would deliver it.
  EntryPtr Commit(EntryKind kind, Partition partition, const std::string& project,
                  const std::string& user, const std::string& payload = "") {
    const std::lock_guard lock(mutex_);
    auto entry = std::make_shared<Entry>();
    entry->prev = tables_.positions[partition].last_id;
    entry->id = entry->prev + 1;
    entry->kind = kind;
    entry->partition = partition;
    entry->project = project;
    entry->user_id = user;
    entry->payload = payload;
    if (user.empty()) {
      entry->broadcast_ordinal = tables_.Broadcasts(partition, project).ordinal + 1;
    }
    tables_.Add(entry);
    entries_.push_back(entry);
    return entry;
  }

  std::vector<EntryPtr> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

  Partition partitions() const { return partitions_; }

  static bool Of(const Entry& entry, const std::string& project, const std::string& user) {
    return entry.project == project &&
           (entry.user_id == user || entry.kind == EntryKind::kBroadcast);
  }

 private:
  struct Call {
    std::vector<FeedQuery> queries;
    OnPages done;
  };

  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !calls_.empty(); });
      if (calls_.empty()) {
        return;
      }
      const Call call = std::move(calls_.front());
      calls_.pop_front();
      Result<std::vector<FeedPage>> pages = std::vector<FeedPage>{};
      if (away_) {
        pages = Fail(Code::kUnavailable, "read feeds: the test says so");
      } else {
        for (const FeedQuery& query : call.queries) {
          auto page = store::ReadFeed(test::MemoryRows(tables_), query, 0);
          if (!page.ok()) {
            pages = Fail(std::move(page.error()));
            break;
          }
          pages->push_back(std::move(*page));
        }
      }
      lock.unlock();
      call.done(std::move(pages));
      lock.lock();
    }
  }

  const Partition partitions_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::vector<EntryPtr> entries_;
  test::MemoryTables tables_;
  std::deque<Call> calls_;
  bool away_ = false;
  bool stopping_ = false;
  std::thread worker_;
};

class PlainRenderer final : public Renderer {
 public:
  std::string Json(const Entry& entry) const override {
    return R"({"id":")" + std::to_string(entry.id) + R"(","body":")" + entry.payload.str() +
           R"("})";
  }
};

}  // namespace belfry::edge
