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

namespace belfry::edge {

// Thread-safe.
class MemoryStore final : public FeedSource {
 public:
  explicit MemoryStore(Partition partitions)
      : partitions_(partitions), last_(partitions, 1'000), worker_([this] { Work(); }) {}

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
    entry->prev = last_[partition];
    entry->id = ++last_[partition];
    entry->kind = kind;
    entry->partition = partition;
    entry->project = project;
    entry->user_id = user;
    entry->payload = payload;
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
          pages->push_back(Read(query));
        }
      }
      lock.unlock();
      call.done(std::move(pages));
      lock.lock();
    }
  }

  FeedPage Read(const FeedQuery& query) const {
    FeedPage page;
    page.partition = PartitionOf(query.project, query.user_id, partitions_);
    page.up_to = page.unread_up_to = last_[page.partition];
    if (query.heads_only) {
      return page;
    }
    if (query.after > page.up_to) {
      page.fault = CursorFault::kAhead;
      return page;
    }
    std::size_t bytes = 0;
    for (const EntryPtr& entry : entries_) {
      if (entry->partition != page.partition || entry->id <= query.after ||
          !Of(*entry, query.project, query.user_id)) {
        continue;
      }
      if (page.entries.size() == query.entries_max || bytes > query.bytes_max) {
        page.more = true;
        page.up_to = page.entries.back().id;
        break;
      }
      bytes += entry->payload.size();
      page.entries.push_back(*entry);
    }
    return page;
  }

  const Partition partitions_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::vector<EntryPtr> entries_;
  std::vector<EntryId> last_;
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
