// SPDX-License-Identifier: Apache-2.0
#include "libs/common/time_text.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

TEST(Rfc3339, IsUtcWithMicroseconds) {
  EXPECT_EQ(Rfc3339(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Rfc3339(951'782'400'000'001), "2000-02-29T00:00:00.000001Z");
  EXPECT_EQ(Rfc3339(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Rfc3339Seconds(951'782'399'999'999), "2000-02-28T23:59:59Z");
  EXPECT_EQ(Rfc3339Seconds(-1), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, HasAsManyDigitsAsAsked) {
  const auto text = [](std::int64_t seconds, std::uint32_t nanos, int digits) {
    std::string out = "at ";
    AppendRfc3339(seconds, nanos, digits, &out);
    return out;
  };
  EXPECT_EQ(text(kUnixSecondsMin, 0, 0), "at 0001-01-01T00:00:00Z");
  EXPECT_EQ(text(kUnixSecondsMax, 999'999'999, 9), "at 9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(text(1, 7'000'000, 3), "at 1970-01-01T00:00:01.007Z");
}

}  // namespace
}  // namespace belfry
