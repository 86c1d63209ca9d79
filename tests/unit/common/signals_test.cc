// SPDX-License-Identifier: Apache-2.0
#include "libs/common/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace belfry {
namespace {

using std::chrono::milliseconds;

TEST(Signals, AreTakenOneByOneAndABrokenPipeIsNoSignal) {
  BlockSignals();
  EXPECT_EQ(WaitForSignal(milliseconds(0)), std::nullopt);
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  EXPECT_EQ(WaitForSignal(milliseconds(5'000)), Signal::kReload);
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_EQ(WaitForSignal(milliseconds(5'000)), Signal::kTerminate);
  ASSERT_EQ(kill(getpid(), SIGINT), 0);
  EXPECT_EQ(WaitForSignal(milliseconds(5'000)), Signal::kTerminate);
  EXPECT_EQ(WaitForSignal(milliseconds(1)), std::nullopt);

  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);  // and we are still here
  close(ends[1]);
}

}  // namespace
}  // namespace belfry
