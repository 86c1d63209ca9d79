// SPDX-License-Identifier: Apache-2.0
#include "libs/common/standard_output.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace belfry {
namespace {

TEST(StandardOutput, KeepsTheExitCodeOfWhatIsWritten) {
  std::ostringstream out;
  std::ostringstream err;
  out << "a key\n";
  EXPECT_EQ(ExitCodeOnceWritten(0, "belfry", out, err), 0);
  EXPECT_EQ(ExitCodeOnceWritten(3, "belfry", out, err), 3);
  EXPECT_EQ(err.str(), "");
}

TEST(StandardOutput, FailsWhenTheDiskIsFull) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  full << "a key\n";
  EXPECT_EQ(ExitCodeOnceWritten(0, "belfry", full, err), 1);
  EXPECT_EQ(err.str(), "belfry: write the standard output: No space left on device\n");
}

TEST(StandardOutput, FailsWhenAnEarlierWriteHasFailed) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  full << "a key\n" << std::flush << "another\n";
  EXPECT_EQ(ExitCodeOnceWritten(0, "belfry", full, err), 1);
  EXPECT_EQ(err.str(), "belfry: write the standard output: the disk may be full\n");
  EXPECT_EQ(ExitCodeOnceWritten(4, "belfry", full, err), 4);
}

}  // namespace
}  // namespace belfry
