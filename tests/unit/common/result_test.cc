// SPDX-License-Identifier: Apache-2.0
#include "libs/common/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace belfry {
namespace {

Result<std::string> Good() { return std::string("good"); }
Result<std::string> Bad() { return Fail(Code::kUnavailable, "read page 7: gone", "GONE"); }

TEST(Result, HoldsAValue) {
  Result<std::string> result = Good();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, "good");
  EXPECT_EQ(result.value(), "good");
  EXPECT_EQ(result->size(), 4u);
  *result += "ness";
  EXPECT_EQ(*std::move(result), "goodness");
}

TEST(Result, HoldsAnError) {
  const Result<std::string> result = Bad();
  ASSERT_FALSE(result.ok());
  EXPECT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_EQ(result.error().reason, "GONE");
  EXPECT_EQ(result.value_or("instead"), "instead");
}

TEST(Result, OfNothingIsAStatus) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Fail(Bad().error());
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().ToString(), "UNAVAILABLE: read page 7: gone");
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, ConvertsAsItsValueDoes) {
  struct Base {
    virtual ~Base() = default;
  };
  struct Derived : Base {};
  Result<std::unique_ptr<Base>> result =
      Result<std::unique_ptr<Derived>>(std::make_unique<Derived>());
  EXPECT_TRUE(result.ok());
  Result<std::unique_ptr<Derived>> failed = Fail(Code::kNotFound, "none");
  result = std::move(failed);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kNotFound);
}

TEST(Result, EqualsItsValueAndNoneIfItFailed) {
  EXPECT_EQ(Good(), "good");
  EXPECT_NE(Good(), "bad");
  EXPECT_NE(Bad(), "");
}

// A Result is not a value of its own type: a copy of a failed Result<bool> is not `false`.
TEST(Result, ACopyOfAFailedBoolHasFailed) {
  Result<bool> failed = Fail(Code::kNotFound, "no such flag");
  const Result<bool> copy(failed);
  EXPECT_FALSE(copy.ok());
}

TEST(ResultDeathTest, TheValueOfAFailedOneAborts) {
  Result<std::string> result = Bad();
  const Result<std::string> constant = Bad();
  const char* const said = "value of a failed Result: UNAVAILABLE: read page 7: gone";
  EXPECT_DEATH(static_cast<void>(*result), said);
  EXPECT_DEATH(static_cast<void>(*constant), said);
  EXPECT_DEATH(static_cast<void>(*Bad()), said);
  EXPECT_DEATH(static_cast<void>(result->size()), said);
  EXPECT_DEATH(static_cast<void>(constant->size()), said);
  EXPECT_DEATH(static_cast<void>(result.value()), said);
  EXPECT_DEATH(static_cast<void>(constant.value()), said);
  EXPECT_DEATH(static_cast<void>(Bad().value()), said);
}

TEST(ResultDeathTest, TheErrorOfAGoodOneAborts) {
  Result<std::string> result = Good();
  const Result<std::string> constant = Good();
  Status status;
  const char* const said = "error of a Result that succeeded";
  EXPECT_DEATH(static_cast<void>(result.error()), said);
  EXPECT_DEATH(static_cast<void>(constant.error()), said);
  EXPECT_DEATH(static_cast<void>(Good().error()), said);
  EXPECT_DEATH(static_cast<void>(status.error()), said);
  EXPECT_DEATH(static_cast<void>(Status().error()), said);
}

}  // namespace
}  // namespace belfry
