// SPDX-License-Identifier: Apache-2.0
#include "libs/common/invalid_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

TEST(InvalidFields, AreNamedInTheMessage) {
  const Error one = InvalidFields({{"title", "required"}});
  EXPECT_EQ(one.code, Code::kInvalidArgument);
  EXPECT_EQ(one.reason, "INVALID_FIELDS");
  EXPECT_EQ(one.message, "1 field is invalid: title");
  EXPECT_EQ(one.violations.size(), 1u);
  EXPECT_EQ(InvalidFields({{"a", ""}, {"b", ""}, {"c", ""}}).message,
            "3 fields are invalid: a, b, c");
}

TEST(InvalidFields, KeepTheMessageShort) {
  EXPECT_EQ(InvalidFields({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}).message,
            "4 fields are invalid: a, b, c, ...");
  const Error long_name = InvalidFields({{std::string(1'000, 'n'), ""}});
  EXPECT_LT(long_name.message.size(), 100u);
  EXPECT_EQ(long_name.violations[0].field.size(), 1'000u);
}

}  // namespace
}  // namespace belfry
