// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/appender.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace belfry::ingest {
namespace {

using std::chrono::seconds;

// A store on a thread of its own: commits what comes, or fails it as the test says.
class FakeStore final : public StoreLink {
 public:
  FakeStore() : thread_([this] { Run(); }) {}
  ~FakeStore() override {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::shared_ptr<AppendCall> NewCall() override { return std::make_shared<Call>(*this); }
  // Every nth Append is stored but its answer is lost; 0: none is.
  void LoseEvery(int n) { lose_every_ = n; }
  // Appends wait until Release.
  void Hold() {
    const std::scoped_lock lock(mutex_);
    hold_ = true;
  }
  void Release() {
    {
      const std::scoped_lock lock(mutex_);
      hold_ = false;
    }
    changed_.notify_all();
  }
  std::vector<std::string> stored() const {
    const std::scoped_lock lock(mutex_);
    return stored_;
  }
  int wrong_fresh() const { return wrong_fresh_; }
  int cancelled() const { return cancelled_; }

 private:
  struct Waiting {
    std::vector<ItemPtr> items;
    bool fresh = false;
    std::function<void(AppendAnswer)> done;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };
  class Call final : public AppendCall {
   public:
    explicit Call(FakeStore& store) : store_(store) {}
    void Start(const std::vector<ItemPtr>& items, bool fresh, Duration,
               std::function<void(AppendAnswer)> done) override {
      {
        const std::scoped_lock lock(store_.mutex_);
        store_.waiting_.push_back({items, fresh, std::move(done), cancelled_});
      }
      store_.changed_.notify_all();
    }
    void Cancel() override {
      *cancelled_ = true;
      store_.changed_.notify_all();
    }

   private:
    FakeStore& store_;
    const std::shared_ptr<std::atomic<bool>> cancelled_ =
        std::make_shared<std::atomic<bool>>(false);
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait_for(lock, std::chrono::milliseconds(1), [this] {
        return stop_ || (!waiting_.empty() && (!hold_ || *waiting_.front().cancelled));
      });
      if (stop_) {
        return;
      }
      if (waiting_.empty() || (hold_ && !*waiting_.front().cancelled)) {
        continue;
      }
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      AppendAnswer answer =
          *next.cancelled ? AppendAnswer(Fail(Code::kCancelled, "cancelled")) : Commit(next);
      if (*next.cancelled) {
        ++cancelled_;
      }
      lock.unlock();
      next.done(std::move(answer));
      lock.lock();
    }
  }
  AppendAnswer Commit(const Waiting& next) {
    std::vector<Result<PublishResult>> results;
    for (const ItemPtr& item : next.items) {
      const std::string& key = item->content.idempotency_key;
      const auto [entry, fresh] = ids_.try_emplace(key, ids_.size() + 1);
      if (fresh) {
        stored_.push_back(item->content.user_id);
      }
      if (!fresh && next.fresh && item->content.key_made) {
        ++wrong_fresh_;
      }
      results.push_back(PublishResult{entry->second, 1, !fresh});
    }
    ++appends_;
    if (lose_every_ > 0 && appends_ % lose_every_ == 0) {
      return Fail(Code::kUnavailable, "connection reset");
    }
    return results;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::map<std::string, EntryId> ids_;
  std::vector<std::string> stored_;
  bool hold_ = false;
  bool stop_ = false;
  int appends_ = 0;
  std::atomic<int> lose_every_ = 0;
  std::atomic<int> wrong_fresh_ = 0;
  std::atomic<int> cancelled_ = 0;
  std::thread thread_;
};

ItemPtr Make(const std::string& user, OnAnswer on_answer, Duration patience = seconds(60)) {
  const SteadyTime now = SystemClock().Now();
  ItemContent content;
  content.user_id = user;
  content.idempotency_key = user;
  content.key_made = true;
  return std::make_shared<Item>(std::move(content), now, now + patience, InFlight::Permit(),
                                std::move(on_answer));
}

BatchLimits Fast() {
  return {.items_max = 50,
          .appends_max = 4,
          .retry_wait_min = std::chrono::milliseconds(1),
          .retry_wait_max = std::chrono::milliseconds(2)};
}

TEST(Appender, StoresEachOnceInOrderFromManyThreadsWhileAnswersAreLost) {
  constexpr int kThreads = 4;
  constexpr int kItems = 2000;
  FakeStore store;
  store.LoseEvery(5);
  const SystemClock clock;
  std::atomic<int> stored = 0;
  std::atomic<int> other = 0;
  {
    Appender appender(Fast(), store, clock, {});
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const OrderedGroupPtr group = t % 2 == 0 ? Appender::OpenGroup() : nullptr;
        for (int i = 0; i < kItems; ++i) {
          const std::string user = std::to_string(t) + "-" + std::to_string(100'000 + i);
          appender.Add(group, {Make(user, [&](Result<PublishResult> result) {
                         result.ok() && !result->duplicate ? ++stored : ++other;
                       })});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    const auto until = clock.Now() + seconds(60);
    while (stored + other < kThreads * kItems && clock.Now() < until) {
      std::this_thread::yield();
    }
    EXPECT_EQ(appender.load().waiting, 0u);
  }
  EXPECT_EQ(stored, kThreads * kItems);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(store.wrong_fresh(), 0);
  // Each once, and the groups' items in their order.
  std::map<char, std::string> last;
  std::size_t count = 0;
  for (const std::string& user : store.stored()) {
    ++count;
    if (user[0] == '1' || user[0] == '3') {
      continue;
    }
    EXPECT_LT(last[user[0]], user);
    last[user[0]] = user;
  }
  EXPECT_EQ(count, static_cast<std::size_t>(kThreads * kItems));
}

TEST(Appender, ACancelledCallersAppendIsCancelled) {
  FakeStore store;
  store.Hold();
  const SystemClock clock;
  Appender appender(Fast(), store, clock, {});
  std::promise<Result<PublishResult>> answer;
  const ItemPtr item =
      Make("alice", [&](Result<PublishResult> result) { answer.set_value(std::move(result)); });
  appender.Add(nullptr, {item});
  appender.Cancel({item});
  const Result<PublishResult> result = answer.get_future().get();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kCancelled);
  const auto until = clock.Now() + seconds(30);
  while (appender.load().appends > 0 && clock.Now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(store.cancelled(), 1);
  EXPECT_TRUE(store.stored().empty());
}

TEST(Appender, ACallersDeadlineComesWithoutAnyOtherEvent) {
  FakeStore store;
  store.Hold();
  const SystemClock clock;
  Appender appender(Fast(), store, clock, {});
  std::promise<Result<PublishResult>> answer;
  const auto set = [&](Result<PublishResult> result) { answer.set_value(std::move(result)); };
  appender.Add(nullptr, {Make("alice", set, std::chrono::milliseconds(50))});
  const Result<PublishResult> result = answer.get_future().get();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kDeadlineExceeded);
}

TEST(Appender, AnswersEverybodyBeforeItEnds) {
  FakeStore store;
  store.Hold();
  const SystemClock clock;
  std::atomic<int> answered = 0;
  {
    Appender appender(Fast(), store, clock, {});
    for (int i = 0; i < 1000; ++i) {
      appender.Add(nullptr, {Make(std::to_string(i), [&](Result<PublishResult> result) {
                     EXPECT_FALSE(result.ok());
                     ++answered;
                   })});
    }
  }
  EXPECT_EQ(answered, 1000);
  EXPECT_TRUE(store.stored().empty());
}

}  // namespace
}  // namespace belfry::ingest
