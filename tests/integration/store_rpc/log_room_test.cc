// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/log_room.h"

#include <gtest/gtest.h>

namespace belfry::store {
namespace {

using std::chrono::seconds;

TEST(LogRoom, PagesThatWaitAreBoundedTogether) {
  LogRoom room({.bytes_max = 100, .patience = seconds(30)});
  const SteadyTime now{seconds(1000)};
  int a = 0, b = 0, c = 0;
  EXPECT_TRUE(room.Take(&a, 500, now, [] {})) << "one alone always";
  EXPECT_FALSE(room.Take(&b, 1, now, [] {}));
  room.GiveBack(&a);
  room.GiveBack(&a);  // again is harmless
  EXPECT_TRUE(room.Take(&a, 60, now, [] {}));
  EXPECT_TRUE(room.Take(&b, 40, now, [] {}));
  EXPECT_FALSE(room.Take(&c, 1, now, [] {}));
  room.GiveBack(&b);
  EXPECT_TRUE(room.Take(&c, 40, now, [] {}));
}

TEST(LogRoom, WhoHasNotTakenTheirPageEndsOnceOthersNeedTheRoom) {
  LogRoom room({.bytes_max = 100, .patience = seconds(30)});
  const SteadyTime begin{seconds(1000)};
  int stalled = 0, reading = 0, other = 0;
  int ended = 0;
  EXPECT_TRUE(room.Take(&stalled, 60, begin, [&ended] { ++ended; }));
  EXPECT_TRUE(room.Take(&reading, 40, begin + seconds(10), [] { FAIL(); }));
  EXPECT_FALSE(room.Take(&other, 50, begin + seconds(29), [] {}));
  EXPECT_EQ(ended, 0);
  EXPECT_FALSE(room.Take(&other, 50, begin + seconds(30), [] {}));
  EXPECT_EQ(ended, 1);
  room.GiveBack(&stalled);
  EXPECT_TRUE(room.Take(&other, 50, begin + seconds(31), [] {}));
}

}  // namespace
}  // namespace belfry::store
