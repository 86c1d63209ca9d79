// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/append_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace belfry::store {
namespace {

using Pushed = AppendQueue::Pushed;

PendingAppend Call(std::size_t items, std::size_t payload_bytes = 0) {
  PendingAppend call;
  call.items.resize(items);
  for (AppendItem& item : call.items) {
    item.payload.resize(payload_bytes);
  }
  return call;
}

TEST(AppendQueue, IsBoundedByItemsAndByBytes) {
  AppendQueue queue({.items_max = 3, .bytes_max = 100'000}, 16, {}, {});
  PendingAppend two = Call(2);
  PendingAppend too_many = Call(2);
  PendingAppend too_large = Call(1, 100'000);
  PendingAppend fits = Call(1, 10);
  EXPECT_EQ(queue.Push(two), Pushed::kYes);
  EXPECT_EQ(queue.Push(too_many), Pushed::kFull);
  EXPECT_EQ(too_many.items.size(), 2u) << "a refused call stays with its caller";
  EXPECT_EQ(queue.Push(too_large), Pushed::kFull);
  EXPECT_EQ(queue.Push(fits), Pushed::kYes);
  EXPECT_EQ(queue.Take(100, 1u << 20).size(), 2u);
  EXPECT_EQ(queue.Push(too_large), Pushed::kYes) << "an empty queue takes any call";
}

TEST(AppendQueue, WeighsABroadcastByWhatItCostsInAllPartitions) {
  const auto broadcasts = [](std::size_t items) {
    PendingAppend call = Call(items, 10'000);
    for (AppendItem& item : call.items) {
      item.kind = EntryKind::kBroadcast;
    }
    return call;
  };
  AppendQueue few({.bytes_max = 1u << 20}, 16, {}, {});
  AppendQueue many({.bytes_max = 1u << 20}, 1'024, {}, {});
  for (int i = 0; i < 4; ++i) {
    PendingAppend call = broadcasts(1);
    EXPECT_EQ(many.Push(call), i < 3 ? Pushed::kYes : Pushed::kFull) << "270 kB of rows each";
    call = broadcasts(1);
    EXPECT_EQ(few.Push(call), Pushed::kYes) << "15 kB each";
  }
  EXPECT_EQ(many.Take(100, 600'000).size(), 2u) << "a round is bounded likewise";
}

TEST(AppendQueue, HandsOutOldestFirstUpToTheBound) {
  AppendQueue queue({}, 16, {}, {});
  for (std::size_t items : {1u, 2u, 3u}) {
    PendingAppend call = Call(items);
    ASSERT_EQ(queue.Push(call), Pushed::kYes);
  }
  const auto first = queue.Take(3, 1u << 20);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].items.size(), 1u);
  EXPECT_EQ(first[1].items.size(), 2u);
  EXPECT_EQ(queue.Take(1, 1).size(), 1u) << "one call at least";
  EXPECT_TRUE(queue.Take(1, 1).empty());
}

TEST(AppendQueue, RefusesAfterCloseAndKeepsWhatWaits) {
  AppendQueue queue({}, 16, {}, {});
  PendingAppend call = Call(1);
  PendingAppend late = Call(1);
  ASSERT_EQ(queue.Push(call), Pushed::kYes);
  queue.Close();
  EXPECT_EQ(queue.Push(late), Pushed::kClosed);
  EXPECT_EQ(queue.Take(10, 1000).size(), 1u);
}

TEST(AppendQueue, LosesNothingBetweenManyThreads) {
  AppendQueue queue({}, 16, {}, {});
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  std::atomic<int> pushed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        PendingAppend call = Call(1);
        pushed += queue.Push(call) == Pushed::kYes ? 1 : 0;
      }
    });
  }
  std::size_t taken = 0;
  while (taken < kThreads * kCalls) {
    queue.Wait(std::chrono::seconds(10));
    const auto calls = queue.Take(64, 1u << 20);
    ASSERT_FALSE(calls.empty()) << "waited in vain";
    taken += calls.size();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(pushed, kThreads * kCalls);
}

}  // namespace
}  // namespace belfry::store
