// SPDX-License-Identifier: Apache-2.0
// A MemoryLog behind the ports by which an edge asks the store, answering on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "services/edge/core/feed_source.h"
#include "services/edge/core/log_source.h"
#include "tests/support/memory_log.h"

namespace belfry::test {

// Thread-safe.
class MemoryStore final : public edge::FeedSource, public edge::LogSource {
 public:
  explicit MemoryStore(Partition partitions, EntryId position = 1'000)
      : log_(partitions, position, position) {
    worker_ = std::thread([this] { Work(); });
  }

  // Whoever waits for an answer gets it first.
  ~MemoryStore() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    worker_.join();
  }

  void ReadFeeds(std::vector<FeedQuery> queries, OnPages done) override {
    Answer([this, queries = std::move(queries), done = std::move(done)] {
      done(Locked([&] { return FeedsNow(queries); }));
    });
  }
  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
               OnEntries done) override {
    Answer([this, partition, after, bytes_max, done = std::move(done)] {
      done(Locked([&] { return LogNow(partition, after, bytes_max); }));
    });
  }
  void ReadHeads(OnHeads done) override {
    Answer([this, done = std::move(done)] { done(Locked([&] { return HeadsNow(); })); });
  }

  // While away, every read fails with kUnavailable.
  void SetAway(bool away) {
    Locked([&] { return away_ = away; });
  }
  // The time by which entries expire, as it goes with log reads.
  void SetTime(std::int64_t store_time_us) {
    Locked([&] { return store_time_us_ = store_time_us; });
  }
  // The entry, as a follower would deliver it.
  EntryPtr Commit(MemoryEntry entry) {
    return Locked([&] { return log_.Commit(std::move(entry)); });
  }
  // What `change` does to the log is done at once.
  void Change(const std::function<void(MemoryLog&)>& change) {
    const std::lock_guard lock(mutex_);
    change(log_);
  }
  std::vector<EntryPtr> entries() const {
    return Locked([&] { return log_.entries(); });
  }

 private:
  template <typename Function>
  std::invoke_result_t<Function> Locked(Function function) const {
    const std::lock_guard lock(mutex_);
    return function();
  }
  void Answer(std::function<void()> answer) {
    {
      const std::lock_guard lock(mutex_);
      answers_.push_back(std::move(answer));
    }
    wake_.notify_all();
  }
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !answers_.empty(); });
      if (answers_.empty()) {
        return;
      }
      const std::function<void()> answer = std::move(answers_.front());
      answers_.pop_front();
      lock.unlock();
      answer();
      lock.lock();
    }
  }

  Error Away() const { return {Code::kUnavailable, "read the store: the test says so"}; }
  Result<std::vector<FeedPage>> FeedsNow(const std::vector<FeedQuery>& queries) const {
    if (away_) {
      return Fail(Away());
    }
    std::vector<FeedPage> pages;
    for (const FeedQuery& query : queries) {
      auto page = log_.ReadFeed(query);
      if (!page.ok()) {
        return Fail(std::move(page.error()));
      }
      pages.push_back(std::move(*page));
    }
    return pages;
  }
  Result<edge::SentEntries> LogNow(Partition partition, EntryId after,
                                   std::uint64_t bytes_max) const {
    if (away_) {
      return Fail(Away());
    }
    edge::SentEntries sent{{}, store_time_us_};
    store::LogQuery query{.partition = partition, .after = after};
    std::uint64_t bytes = 0;
    while (true) {
      auto page = log_.ReadLog(query);
      if (!page.ok()) {
        return Fail(std::move(page.error()));
      }
      for (const EntryPtr& entry : page->entries) {
        bytes += StoredBytes(*entry);
        query.after = entry->id;
        sent.entries.push_back(entry);
        if (bytes_max != 0 && bytes >= bytes_max) {
          return sent;
        }
      }
      if (!page->more) {
        return sent;
      }
    }
  }
  Result<edge::Heads> HeadsNow() const {
    if (away_) {
      return Fail(Away());
    }
    return edge::Heads{log_.partitions(), log_.heads(), "one"};
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  MemoryLog log_;
  std::deque<std::function<void()>> answers_;
  std::int64_t store_time_us_ = 0;
  bool away_ = false;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace belfry::test
