// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "services/ingest/core/in_flight.h"
#include "services/ingest/core/rate_limiter.h"

namespace belfry::ingest {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, LetsABurstThroughThenTheRate) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 10, .burst = 5});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(limiter.Take("k", clock.Now()).ok()) << i;
  }
  const Status refused = limiter.Take("k", clock.Now());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_EQ(refused.error().reason, "RATE_LIMITED");
  EXPECT_EQ(refused.error().retry_after, milliseconds(100));

  clock.Advance(milliseconds(99));
  const Status early = limiter.Take("k", clock.Now());
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().retry_after, milliseconds(1));
  clock.Advance(milliseconds(1));
  EXPECT_TRUE(limiter.Take("k", clock.Now()).ok());
  EXPECT_FALSE(limiter.Take("k", clock.Now()).ok());
}

TEST(RateLimiter, CountsBytesExactly) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 300'000'000, .burst = 600'000'000, .what = "bytes"});
  EXPECT_TRUE(limiter.Take("k", clock.Now(), 600'000'000).ok());
  const Status refused = limiter.Take("k", clock.Now(), 30'000'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "API key k: more than 300000000 bytes per second");
  EXPECT_EQ(refused.error().retry_after, milliseconds(100));
  clock.Advance(milliseconds(100));
  EXPECT_TRUE(limiter.Take("k", clock.Now(), 30'000'000).ok());
  EXPECT_FALSE(limiter.Take("k", clock.Now()).ok());
}

TEST(RateLimiter, SaysWhatIsLeft) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 10, .burst = 5});
  EXPECT_EQ(limiter.Look("k", clock.Now()).left, 5);
  for (int left = 4; left >= 0; --left) {
    ASSERT_TRUE(limiter.Take("k", clock.Now()).ok());
    EXPECT_EQ(limiter.Look("k", clock.Now()).left, left);
  }
  EXPECT_EQ(limiter.Look("k", clock.Now()).full_in, milliseconds(500));
  clock.Advance(milliseconds(99));
  EXPECT_EQ(limiter.Look("k", clock.Now()).left, 0);
  clock.Advance(milliseconds(1));
  EXPECT_EQ(limiter.Look("k", clock.Now()).left, 1);
  EXPECT_EQ(limiter.Look("other", clock.Now()).full_in, Duration::zero());
}

TEST(RateLimiter, TakesManyOrNone) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 10, .burst = 5});
  EXPECT_TRUE(limiter.Take("a", clock.Now(), 3).ok());
  const Status refused = limiter.Take("a", clock.Now(), 4);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().retry_after, std::chrono::milliseconds(200));
  EXPECT_TRUE(limiter.Take("a", clock.Now(), 2).ok());
  // More than a burst takes a full bucket, so that it can ever be taken.
  clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(limiter.Take("a", clock.Now(), 1'000).ok());
  EXPECT_FALSE(limiter.Take("a", clock.Now()).ok());
}

TEST(RateLimiter, AQuietTimeEarnsNoMoreThanTheBurst) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 1000, .burst = 3});
  clock.Advance(std::chrono::hours(24));
  int taken = 0;
  while (limiter.Take("k", clock.Now()).ok()) {
    ++taken;
  }
  EXPECT_EQ(taken, 3);
}

TEST(RateLimiter, KeysDoNotShareTokens) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 1, .burst = 1});
  EXPECT_TRUE(limiter.Take("a", clock.Now()).ok());
  EXPECT_FALSE(limiter.Take("a", clock.Now()).ok());
  EXPECT_TRUE(limiter.Take("b", clock.Now()).ok());
}

TEST(RateLimiter, ZeroMeansNoLimit) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 0, .burst = 1});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(limiter.Take("k", clock.Now()).ok());
  }
}

TEST(RateLimiter, ForgetsKeysThatAreFullAgain) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 10, .burst = 5});
  for (int i = 0; i < 10'000; ++i) {
    clock.Advance(milliseconds(200));
    EXPECT_TRUE(limiter.Take("key" + std::to_string(i), clock.Now()).ok());
  }
  EXPECT_LE(limiter.keys(), 1024u);
}

TEST(RateLimiter, ChargesWhatIsLeftAndNoMore) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 10, .burst = 5});
  limiter.Charge("k", 3, clock.Now());
  EXPECT_TRUE(limiter.Take("k", clock.Now()).ok());
  limiter.Charge("k", 1'000'000'000'000, clock.Now());
  limiter.Charge("k", 1'000'000'000'000, clock.Now());
  EXPECT_FALSE(limiter.Take("k", clock.Now()).ok());
  EXPECT_TRUE(limiter.Take("other", clock.Now()).ok());
  // It is empty and not in debt.
  clock.Advance(milliseconds(100));
  EXPECT_TRUE(limiter.Take("k", clock.Now()).ok());
  EXPECT_FALSE(limiter.Take("k", clock.Now()).ok());
}

TEST(RateLimiter, ChargesNobodyWithoutALimit) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 0, .burst = 1});
  limiter.Charge("k", 10, clock.Now());
  EXPECT_TRUE(limiter.Take("k", clock.Now()).ok());
}

TEST(InFlight, IsBoundedInItems) {
  InFlight in_flight({.items_max = 2, .bytes_max = 1000});
  auto first = in_flight.Acquire(1);
  auto second = in_flight.Acquire(1);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto third = in_flight.Acquire(1);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, Code::kResourceExhausted);
  EXPECT_TRUE(third.error().retry_after.has_value());
  { const InFlight::Permit gone = std::move(*first); }
  EXPECT_TRUE(in_flight.Acquire(1).ok());
}

TEST(InFlight, IsBoundedInBytesAndGivesAllBack) {
  InFlight in_flight({.items_max = 100, .bytes_max = 1000});
  {
    std::vector<InFlight::Permit> permits;
    for (int i = 0; i < 10; ++i) {
      auto permit = in_flight.Acquire(100);
      ASSERT_TRUE(permit.ok());
      permits.push_back(std::move(*permit));
    }
    EXPECT_FALSE(in_flight.Acquire(1).ok());
    EXPECT_TRUE(in_flight.Acquire(0).ok());
    EXPECT_EQ(in_flight.usage().bytes, 1000);
    permits[3] = std::move(permits[4]);
    EXPECT_FALSE(in_flight.Acquire(101).ok());
  }
  EXPECT_EQ(in_flight.usage().items, 0);
  EXPECT_EQ(in_flight.usage().bytes, 0);
}

TEST(InFlight, CountsRightFromManyThreads) {
  InFlight in_flight({.items_max = 3, .bytes_max = 1000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&in_flight] {
      for (int i = 0; i < 2000; ++i) {
        const auto permit = in_flight.Acquire(7);
        EXPECT_LE(in_flight.usage().items, 3);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(in_flight.usage().items, 0);
  EXPECT_EQ(in_flight.usage().bytes, 0);
}

}  // namespace
}  // namespace belfry::ingest
