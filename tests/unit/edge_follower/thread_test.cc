// SPDX-License-Identifier: Apache-2.0
// The follower's thread and its queues, without a nats-server: the store is asked instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "services/edge/nats/backlog.h"
#include "services/edge/nats/follower_thread.h"
#include "services/edge/nats/inbox.h"
#include "tests/support/wait.h"
#include "tests/unit/edge_follower/fake_port.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;

TEST(Inbox, DropsAnnouncementsBeyondItsBytesAndSaysSo) {
  Inbox inbox(100);
  int done = 0;
  EXPECT_TRUE(inbox.PutAnnounced(60, [&] { done += 1; }));
  EXPECT_FALSE(inbox.PutAnnounced(60, [&] { done += 100; }));
  inbox.PutAnswer([&] { done += 10; });  // answers always fit
  Inbox::Taken taken = inbox.Take(milliseconds(0));
  EXPECT_TRUE(taken.overflowed);
  ASSERT_EQ(taken.work.size(), 2u);
  for (const Inbox::Work& work : taken.work) {
    work();
  }
  EXPECT_EQ(done, 11);
  EXPECT_TRUE(inbox.PutAnnounced(100, [] {}));  // there is room again
  EXPECT_FALSE(inbox.Take(milliseconds(0)).overflowed);
}

TEST(Inbox, DropsWorkOnceClosed) {
  Inbox inbox(100);
  const auto alive = std::make_shared<int>(1);
  inbox.PutAnswer([alive] {});
  inbox.Close();
  inbox.PutAnswer([alive] {});
  inbox.PutAnnounced(1, [alive] {});
  EXPECT_TRUE(inbox.Take(milliseconds(0)).work.empty());
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Backlog, CountsABatchUntilItsLastOwnerLetsGo) {
  const auto backlog = std::make_shared<Backlog>();
  auto made = std::make_shared<Batch>();
  made->entries = Chain(0, {1, 2, 3});
  BatchPtr one = Backlog::Count(backlog, std::move(made));
  BatchPtr other = one;
  EXPECT_GT(backlog->bytes(), 3 * EntryBytes(*one->entries[0]));
  one.reset();
  EXPECT_FALSE(backlog->WaitForAtMost(0, milliseconds(1)));
  std::jthread letting_go([&] { other.reset(); });
  EXPECT_TRUE(backlog->WaitForAtMost(0, milliseconds(10'000)));
}

// One partition whose log grows; answers from a thread of its own.
class GrowingStore final : public LogSource {
 public:
  ~GrowingStore() override { threads_.clear(); }

  void ReadLog(Partition, EntryId after, std::uint64_t, OnEntries done) override {
    Answer([this, after, done = std::move(done)] {
      std::vector<EntryId> ids;
      for (EntryId id = after + 1; id <= last; ++id) {
        ids.push_back(id);
      }
      done(Chain(after, ids));
    });
  }
  void ReadHeads(OnHeads done) override {
    Answer([this, done = std::move(done)] { done(Heads{1, {{0, last, 0}}, "one"}); });
  }

  std::atomic<EntryId> last = 10;

 private:
  void Answer(std::function<void()> answer) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(std::move(answer));
  }
  std::mutex mutex_;
  std::vector<std::jthread> threads_;
};

// What was delivered; may hold on to it.
struct Sink {
  void Take(BatchPtr batch) {
    const std::lock_guard lock(mutex);
    for (const EntryPtr& entry : batch->entries) {
      ids.push_back(entry->id);
    }
    if (holding) {
      held.push_back(std::move(batch));
    }
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return ids.size();
  }
  void LetGo() {
    const std::lock_guard lock(mutex);
    holding = false;
    held.clear();
  }
  std::mutex mutex;
  std::vector<EntryId> ids;
  std::vector<BatchPtr> held;
  bool holding = false;
};

class FollowerThreadTest : public testing::Test {
 protected:
  void Start() {
    options_.nats.url = "nats://127.0.0.1:1";  // nobody listens there
    options_.nats.name = "test";
    options_.follower.silence = milliseconds(0);
    options_.follower.ask_every = milliseconds(10);
    auto thread = FollowerThread::Start(options_, store_,
                                        {[this](Partition partitions) { partitions_ = partitions; },
                                         [this](BatchPtr batch) { sink_.Take(std::move(batch)); }},
                                        clock_, metrics_, Log());
    ASSERT_TRUE(thread.ok());
    thread_ = std::move(*thread);
    ASSERT_TRUE(test::WaitUntil([&] { return thread_->state().following; }));
  }

  const SystemClock clock_{};
  Metrics metrics_;
  FollowerThreadOptions options_;
  GrowingStore store_;
  Sink sink_;
  std::atomic<Partition> partitions_ = 0;
  std::unique_ptr<FollowerThread> thread_;
};

TEST_F(FollowerThreadTest, FollowsTheStoreAloneIfItMust) {
  Start();
  EXPECT_EQ(partitions_, 1u);
  EXPECT_FALSE(thread_->nats_connected());
  for (int i = 0; i < 20; ++i) {
    store_.last += 5;
    ASSERT_TRUE(test::WaitUntil([&] { return sink_.count() == store_.last - 10; }));
  }
  thread_.reset();
  for (std::size_t i = 0; i < sink_.ids.size(); ++i) {
    ASSERT_EQ(sink_.ids[i], 11 + i);
  }
}

TEST_F(FollowerThreadTest, WaitsWhileCoresDoNotTakeWhatItDelivered) {
  options_.backlog_bytes_max = 1'000;
  sink_.holding = true;
  Start();
  store_.last += 10;  // more than the bound
  ASSERT_TRUE(test::WaitUntil([&] { return sink_.count() == 10; }));
  store_.last += 10;
  const SteadyTime waited_from = clock_.Now();
  ASSERT_TRUE(test::WaitUntil([&] { return thread_->ticked() > waited_from + milliseconds(300); }));
  EXPECT_EQ(sink_.count(), 10u);
  sink_.LetGo();
  EXPECT_TRUE(test::WaitUntil([&] { return sink_.count() == 20; }));
}

TEST_F(FollowerThreadTest, EndsWhileTheStoreHasYetToAnswer) {
  for (int i = 0; i < 20; ++i) {
    Start();
    store_.last += 1'000;
    thread_.reset();
  }
}

}  // namespace
}  // namespace belfry::edge
