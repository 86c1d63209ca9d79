// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/cursor.h"

#include <gtest/gtest.h>

#include <array>

namespace belfry::store {
namespace {

constexpr PartitionPosition kHead{0, 100, 20};
constexpr std::array<LostInterval, 2> kLost{{{40, 50}, {70, 75}}};

TEST(JudgeCursor, SaysWhyACursorCannotBeContinuedFrom) {
  EXPECT_EQ(JudgeCursor(101, kHead, kLost), CursorFault::kAhead);
  EXPECT_EQ(JudgeCursor(100, kHead, kLost), CursorFault::kNone);
  EXPECT_EQ(JudgeCursor(20, kHead, kLost), CursorFault::kNone);
  EXPECT_EQ(JudgeCursor(19, kHead, kLost), CursorFault::kWindowPassed);
  EXPECT_EQ(JudgeCursor(0, kHead, kLost), CursorFault::kWindowPassed);
  EXPECT_EQ(JudgeCursor(39, kHead, kLost), CursorFault::kNone);
  EXPECT_EQ(JudgeCursor(40, kHead, kLost), CursorFault::kHistoryLost);
  EXPECT_EQ(JudgeCursor(49, kHead, kLost), CursorFault::kHistoryLost);
  EXPECT_EQ(JudgeCursor(50, kHead, kLost), CursorFault::kNone);
}

TEST(JudgeCursor, TakesZeroAsTheBeginningWhenNothingWasDropped) {
  EXPECT_EQ(JudgeCursor(0, {0, 0, 0}, {}), CursorFault::kNone);
  EXPECT_EQ(JudgeCursor(0, {0, 9, 0}, {}), CursorFault::kNone);
  EXPECT_EQ(JudgeCursor(1, {0, 0, 0}, {}), CursorFault::kAhead);
}

TEST(ReadableUntil, StopsBeforeALoss) {
  EXPECT_EQ(ReadableUntil(20, kHead, kLost), 40u);
  EXPECT_EQ(ReadableUntil(50, kHead, kLost), 70u);
  EXPECT_EQ(ReadableUntil(75, kHead, kLost), 100u);
}

}  // namespace
}  // namespace belfry::store
