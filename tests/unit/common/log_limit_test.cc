// SPDX-License-Identifier: Apache-2.0
#include "libs/common/log_limit.h"

#include <gtest/gtest.h>

namespace belfry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(LogLimit, LeavesOutWhatIsTooMuchAndCountsIt) {
  ManualClock clock;
  LogLimit limit(3, minutes(1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit.Admit("a.cc", 7, clock.Now()), 0U);
    clock.Advance(seconds(1));
  }
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(limit.Admit("a.cc", 7, clock.Now()), std::nullopt);
  }
  clock.Advance(minutes(1));
  EXPECT_EQ(limit.Admit("a.cc", 7, clock.Now()), 1'000U);
  EXPECT_EQ(limit.Admit("a.cc", 7, clock.Now()), 0U);
}

TEST(LogLimit, CountsEachPlaceForItself) {
  const ManualClock clock;
  LogLimit limit(1, minutes(1));
  EXPECT_EQ(limit.Admit("a.cc", 7, clock.Now()), 0U);
  EXPECT_EQ(limit.Admit("a.cc", 8, clock.Now()), 0U);
  EXPECT_EQ(limit.Admit("b.cc", 7, clock.Now()), 0U);
  EXPECT_EQ(limit.Admit("b.cc", 7, clock.Now()), std::nullopt);
}

}  // namespace
}  // namespace belfry
