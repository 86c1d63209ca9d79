// SPDX-License-Identifier: Apache-2.0
#include "libs/common/check.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belfry {
namespace {

enum class Colour { kRed = 3 };

TEST(Check, PassesWhatHolds) {
  const std::vector<int> two = {1, 2};
  BELFRY_CHECK(!two.empty());
  BELFRY_CHECK_EQ(two.size(), 2);
  BELFRY_CHECK_NE(std::string("a"), "b");
  BELFRY_CHECK_LT(1, two.size());
  BELFRY_CHECK_LE(2u, two.size());
  BELFRY_CHECK_GT(two.size(), -1);  // by value, not by the rules of mixed signs
  BELFRY_CHECK_GE(two.size(), 2);
}

TEST(Check, EvaluatesItsOperandsOnce) {
  int calls = 0;
  BELFRY_CHECK_EQ(++calls, 1);
  EXPECT_EQ(calls, 1);
}

TEST(CheckDeathTest, PrintsTheCondition) {
  EXPECT_DEATH(BELFRY_CHECK(1 + 1 == 3), "check_test.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3");
}

TEST(CheckDeathTest, PrintsBothOperands) {
  const std::uint64_t big = 18446744073709551615u;
  const std::string_view text = "text";
  EXPECT_DEATH(BELFRY_CHECK_EQ(big, -1),
               "CHECK failed: big == -1 \\(18446744073709551615 and -1\\)");
  EXPECT_DEATH(BELFRY_CHECK_NE(text, "text"), "text != .*\\(\"text\" and \"text\"\\)");
  EXPECT_DEATH(BELFRY_CHECK_LT(2, 2), "2 < 2 \\(2 and 2\\)");
  EXPECT_DEATH(BELFRY_CHECK_LE(3, 2), "3 <= 2 \\(3 and 2\\)");
  EXPECT_DEATH(BELFRY_CHECK_GT(2, 2), "2 > 2 \\(2 and 2\\)");
  EXPECT_DEATH(BELFRY_CHECK_GE(1, 2), "1 >= 2 \\(1 and 2\\)");
  EXPECT_DEATH(BELFRY_CHECK_EQ(true, false), "\\(true and false\\)");
  EXPECT_DEATH(BELFRY_CHECK_NE(Colour::kRed, Colour::kRed), "\\(3 and 3\\)");
  EXPECT_DEATH(BELFRY_CHECK_EQ(&big, nullptr), "\\(a pointer and nullptr\\)");
}

}  // namespace
}  // namespace belfry
