// SPDX-License-Identifier: Apache-2.0
#include "services/edge/api/user_rate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(UserRate, ABurstIsAdmittedAndThenOnePerInterval) {
  UserRate rate({.per_second = 10, .burst = 3});
  const SteadyTime now = SteadyTime(seconds(1'000));
  for (int left = 2; left >= 0; --left) {
    const UserRate::Taken taken = rate.Take("alice", now);
    EXPECT_TRUE(taken.admitted);
    EXPECT_EQ(taken.left, left);
  }
  const UserRate::Taken refused = rate.Take("alice", now);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.left, 0);
  EXPECT_EQ(refused.wait, milliseconds(100));
  EXPECT_FALSE(rate.Take("alice", now + milliseconds(99)).admitted);
  EXPECT_TRUE(rate.Take("alice", now + milliseconds(100)).admitted);
  EXPECT_FALSE(rate.Take("alice", now + milliseconds(100)).admitted);
}

TEST(UserRate, UsersDoNotShareABucket) {
  UserRate rate({.per_second = 1, .burst = 1});
  const SteadyTime now = SteadyTime(seconds(1'000));
  EXPECT_TRUE(rate.Take("alice", now).admitted);
  EXPECT_FALSE(rate.Take("alice", now).admitted);
  EXPECT_TRUE(rate.Take("bob", now).admitted);
}

TEST(UserRate, UsersWhoseBucketIsFullAreForgotten) {
  UserRate rate({.per_second = 10, .burst = 3});
  SteadyTime now = SteadyTime(seconds(1'000));
  for (int user = 0; user < 10'000; ++user) {
    rate.Take(std::to_string(user), now);
    now += milliseconds(100);
  }
  EXPECT_LE(rate.users(), 1'024U);
}

}  // namespace
}  // namespace belfry::edge
