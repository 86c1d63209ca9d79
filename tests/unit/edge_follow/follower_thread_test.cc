// SPDX-License-Identifier: Apache-2.0
// The follower's thread and its queues.
#include "services/edge/follow/follower_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"
#include "services/edge/follow/backlog.h"
#include "services/edge/follow/follower_queue.h"
#include "tests/support/announce_keys.h"
#include "tests/support/memory_store.h"
#include "tests/support/wait.h"
#include "tests/unit/edge_follow/fake_announcements.h"
#include "tests/unit/edge_follower/fake_follower_port.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;

TEST(FollowerQueue, DropsAnnouncementsBeyondItsBytesAndSaysSo) {
  FollowerQueue queue(100);
  int done = 0;
  EXPECT_TRUE(queue.PutAnnounced(60, [&] { done += 1; }));
  EXPECT_FALSE(queue.PutAnnounced(60, [&] { done += 100; }));
  queue.PutAnswer([&] { done += 10; });  // answers always fit
  FollowerQueue::Taken taken = queue.Take(milliseconds(0));
  EXPECT_TRUE(taken.overflowed);
  ASSERT_EQ(taken.work.size(), 2u);
  for (const FollowerQueue::Work& work : taken.work) {
    work();
  }
  EXPECT_EQ(done, 11);
  EXPECT_TRUE(queue.PutAnnounced(100, [] {}));  // there is room again
  EXPECT_FALSE(queue.Take(milliseconds(0)).overflowed);
}

TEST(FollowerQueue, DropsWorkOnceClosed) {
  FollowerQueue queue(100);
  const auto alive = std::make_shared<int>(1);
  queue.PutAnswer([alive] {});
  queue.Close();
  queue.PutAnswer([alive] {});
  queue.PutAnnounced(1, [alive] {});
  EXPECT_TRUE(queue.Take(milliseconds(0)).work.empty());
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
    auto thread = StartThread();
    ASSERT_TRUE(thread.ok());
    thread_ = std::move(*thread);
    ASSERT_TRUE(test::WaitUntil([&] { return thread_->state().following; }));
  }
  Result<std::unique_ptr<FollowerThread>> StartThread() {
    return FollowerThread::Start(options_, std::make_unique<FakeAnnouncements>(announcer_), keys_,
                                 store_,
                                 {[this](Partition partitions) { partitions_ = partitions; },
                                  [this](BatchPtr batch) { sink_.Take(std::move(batch)); }},
                                 clock_, metrics_, Log());
  }
  void Grow(int by) {
    for (int i = 0; i < by; ++i) {
      last_ = store_.Commit({.user_id = "u"})->id;
    }
  }
  // Announcements do not come: the store is asked all the time.
  void AskOften() {
    options_.follower.silence = milliseconds(0);
    options_.follower.ask_every = milliseconds(10);
  }
  void Announce(const std::vector<EntryPtr>& entries) {
    Announce(wire::LogSubject(0), wire::EncodeBatch(entries, 0));
  }
  // As the store does it.
  void Announce(const std::string& subject, const std::string& bytes) {
    announcer_.on_announcement(subject, wire::Seal(keys_->signing(), "one", subject, bytes));
  }

  const SystemClock clock_{};
  const std::shared_ptr<const wire::AnnounceKeys> keys_ = test::TestAnnounceKeys();
  Metrics metrics_;
  FollowerThreadOptions options_;
  Announcer announcer_;
  test::MemoryStore store_{1, 10};
  EntryId last_ = 10;
  Sink sink_;
  std::atomic<Partition> partitions_ = 0;
  std::unique_ptr<FollowerThread> thread_;
};

TEST_F(FollowerThreadTest, FollowsTheStoreAloneIfItMust) {
  AskOften();
  Start();
  EXPECT_EQ(partitions_, 1u);
  EXPECT_FALSE(thread_->announcements_connected());
  for (int i = 0; i < 20; ++i) {
    Grow(5);
    ASSERT_TRUE(test::WaitUntil([&] { return sink_.count() == last_ - 10; }));
  }
  thread_.reset();
  for (std::size_t i = 0; i < sink_.ids.size(); ++i) {
    ASSERT_EQ(sink_.ids[i], 11 + i);
  }
}

TEST_F(FollowerThreadTest, DeliversWhatIsAnnounced) {
  announcer_.connected = true;
  Start();
  EXPECT_TRUE(thread_->announcements_connected());
  Announce(Chain(10, {12, 15}));
  Announce(wire::HeadSubject(0), wire::EncodeHead({0, 15, 1}));
  Announce(Chain(15, {16}));
  ASSERT_TRUE(test::WaitUntil([&] { return sink_.count() == 3; }));
  thread_.reset();
  EXPECT_FALSE(announcer_.on_announcement);  // they ended with the thread
  EXPECT_THAT(sink_.ids, testing::ElementsAre(12, 15, 16));
}

TEST_F(FollowerThreadTest, CountsAndDropsWhatItCannotBelieve) {
  Start();
  announcer_.on_announcement("belfry.v1.log.0", wire::EncodeBatch(Chain(10, {11}), 0));
  announcer_.on_announcement("belfry.v1.head.0", "rubbish");
  announcer_.on_announcement(
      "belfry.v1.log.0",
      wire::Seal(keys_->signing(), "one", "belfry.v1.log.1", wire::EncodeBatch({}, 0)));
  const std::string metrics = metrics_.Expose();
  for (const char* reason : {"unsigned", "version", "moved"}) {
    EXPECT_THAT(metrics, testing::HasSubstr("\nbelfry_edge_announcements_refused_total{reason=\"" +
                                            std::string(reason) + "\"} 1\n"));
  }
  Announce(Chain(10, {11}));
  EXPECT_TRUE(test::WaitUntil([&] { return sink_.count() == 1; }));
}

TEST_F(FollowerThreadTest, BelievesTheKeysThatItHasNow) {
  Start();
  thread_->SetKeys(std::make_shared<const wire::AnnounceKeys>(
      std::vector<wire::AnnounceKey>{wire::MakeAnnounceKey("next")}));
  Announce(Chain(10, {11}));
  EXPECT_THAT(metrics_.Expose(), testing::HasSubstr("\nbelfry_edge_announcements_refused_total{"
                                                    "reason=\"unknown_key\"} 1\n"));
  thread_->SetKeys(keys_);
  Announce(Chain(10, {11}));
  EXPECT_TRUE(test::WaitUntil([&] { return sink_.count() == 1; }));
}

TEST_F(FollowerThreadTest, DoesNotStartWhenAnnouncementsCannot) {
  announcer_.start_answer = Fail(Code::kInvalidArgument, "no such url");
  const auto thread = StartThread();
  ASSERT_FALSE(thread.ok());
  EXPECT_EQ(thread.error().message, "no such url");
}

TEST_F(FollowerThreadTest, WaitsWhileCoresDoNotTakeWhatItDelivered) {
  AskOften();
  options_.backlog_bytes_max = 1'000;
  sink_.holding = true;
  Start();
  Grow(10);  // more than the bound
  ASSERT_TRUE(test::WaitUntil([&] { return sink_.count() == 10; }));
  Grow(10);
  const SteadyTime waited_from = clock_.Now();
  ASSERT_TRUE(test::WaitUntil([&] { return thread_->ticked() > waited_from + milliseconds(300); }));
  EXPECT_EQ(sink_.count(), 10u);
  sink_.LetGo();
  EXPECT_TRUE(test::WaitUntil([&] { return sink_.count() == 20; }));
}

TEST_F(FollowerThreadTest, EndsWhileTheStoreHasYetToAnswer) {
  for (int i = 0; i < 20; ++i) {
    Start();
    Grow(1'000);
    thread_.reset();
  }
}

}  // namespace
}  // namespace belfry::edge
