// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/strict_json.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>

namespace belfry::wire {
namespace {

TEST(StrictJson, ReadsWhatBoostReads) {
  const std::string long_key(5'000, 'k');
  for (const std::string& text :
       {std::string(R"({"a":[1,-1,18446744073709551615,1.5,"x",true,false,null,{},[]]})"),
        std::string(R"("\ud83d\udd14")"), std::string(" 5 "),
        "{\"" + long_key + "\":\"" + long_key + "\"}",
        std::string(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})")}) {
    const auto value = ParseStrictJson(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_TRUE(*value == boost::json::parse(text));
  }
}

TEST(StrictJson, NamesWhatIsRepeatedEvenWhenItIsEmptyOrEscaped) {
  for (const char* text : {R"({"":1,"":2})", R"([{"a":{"x":1,"\u0078":2}}])"}) {
    const auto value = ParseStrictJson(text);
    ASSERT_FALSE(value.ok()) << text;
    ASSERT_EQ(value.error().violations.size(), 1U);
  }
  // The same name in different objects is none.
  EXPECT_TRUE(ParseStrictJson(R"([{"x":1},{"x":2},{"y":{"x":3},"x":4}])").ok());
}

TEST(StrictJson, ReadsNumbersToTheLastBit) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 5'000; ++round) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) {
      continue;
    }
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.17e", number);
    const auto value = ParseStrictJson(text.data());
    ASSERT_TRUE(value.ok());
    ASSERT_EQ(value->as_double(), number) << text.data();
  }
  EXPECT_EQ(ParseStrictJson("1e-400")->as_double(), 0.0);
  const auto huge = ParseStrictJson("1e400");
  EXPECT_TRUE(!huge.ok() || std::isinf(huge->as_double()));
}

TEST(StrictJson, BoundsDepth) {
  EXPECT_TRUE(ParseStrictJson("[[[]]]", 3).ok());
  EXPECT_FALSE(ParseStrictJson("[[[[]]]]", 3).ok());
}

TEST(Body, IsOneObjectAndSaysWhatIsWrongWithIt) {
  const auto fault = [](std::string_view text) {
    const auto body = ParseBody(text, 8);
    return body.ok() ? "" : body.error().reason + " " + body.error().message;
  };
  EXPECT_EQ(fault(R"({"a":1})"), "");
  EXPECT_EQ(fault(" \n"), "MALFORMED_JSON read the body: it is empty");
  EXPECT_EQ(fault("[]"), "MALFORMED_JSON read the body: must be an object");
  EXPECT_EQ(fault(R"({"a")"),
            "MALFORMED_JSON read the body: parse JSON: incomplete JSON at byte 4");
  EXPECT_EQ(fault(R"({"a":1,"a":2})"), "INVALID_FIELDS 1 field is invalid: a");
}

// Each would have the path to it, and that a long name.
TEST(ParseLenientJson, ATextOfManyRepeatedNamesIsRefused) {
  const auto text = [](int names) {
    std::string object = "{\"" + std::string(400'000, 'n') + "\":{\"x\":0";
    for (int i = 0; i < names; ++i) {
      object += ",\"" + std::to_string(i) + "\":0,\"" + std::to_string(i) + "\":0";
    }
    return object + "}}";
  };
  const auto some = ParseLenientJson(text(1'000), 10);
  ASSERT_TRUE(some.ok()) << some.error().message;
  ASSERT_EQ(some->repeated.size(), 1'000U);
  EXPECT_LT(some->repeated[0][0].size(), 300U);
  const auto many = ParseLenientJson(text(1'001), 10);
  ASSERT_FALSE(many.ok());
  EXPECT_NE(many.error().message.find("more than 1000 names are given twice"), std::string::npos)
      << many.error().message;
}

}  // namespace
}  // namespace belfry::wire
