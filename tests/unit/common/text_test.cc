// SPDX-License-Identifier: Apache-2.0
#include "libs/common/text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace belfry {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

TEST(Text, KnowsUtf8ByTheBook) {
  for (const char* good :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF", "\xFE", "a\xF0\x9F\x94", "\xE2\x28\xA1"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
    EXPECT_TRUE(IsUtf8(ToUtf8(bad)));
  }
  EXPECT_EQ(ToUtf8("a\xFF\xC3\xA9\xE2\x82"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Text, TruncatesBetweenCodePoints) {
  EXPECT_EQ(TruncateUtf8("abc", 3), "abc");
  EXPECT_EQ(TruncateUtf8("abc", 2), "ab");
  EXPECT_EQ(TruncateUtf8("a\xF0\x9F\x94\x94z", 4), "a");
  EXPECT_EQ(TruncateUtf8("a\xF0\x9F\x94\x94z", 5), "a\xF0\x9F\x94\x94");
  EXPECT_EQ(TruncateUtf8("\xC3\xA9", 1), "");
  EXPECT_EQ(TruncateUtf8("\x80\x80\x80", 2), "");
}

TEST(Text, EscapesWhatJsonLinesAndTerminalsTakeForCommands) {
  EXPECT_EQ(Json(""), R"("")");
  EXPECT_EQ(Json("plain </script>"), R"("plain </script>")");
  EXPECT_EQ(Json("\"\\/\b\f\n\r\t"), R"("\"\\/\b\f\n\r\t")");
  EXPECT_EQ(Json(std::string_view("\0\x1B[31m\x7F", 7)), R"("\u0000\u001b[31m\u007f")");
  EXPECT_EQ(Json("\xC2\x85|\xC2\x9B|\xC2\xA0"), "\"\\u0085|\\u009b|\xC2\xA0\"");
  EXPECT_EQ(Json("\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA"), "\"\\u2028\\u2029\xE2\x80\xAA\"");
  EXPECT_EQ(Json("\xF0\x9F\x94\x94 caf\xC3\xA9"), "\"\xF0\x9F\x94\x94 caf\xC3\xA9\"");
  EXPECT_EQ(Json("a\xFFz\xE2\x82"), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Text, AnyBytesBecomeOneLineOfUtf8) {
  std::mt19937 random(20'261'121);
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 24, '\0');
    for (char& c : text) {
      // Half of the bytes from where the rules are.
      static constexpr std::string_view kHot = "\"\\\r\n\xC2\x80\xE2\xA8\xED\xA0\xF0\x90\xF4\xFF";
      c = random() % 2 == 0 ? kHot[random() % kHot.size()] : static_cast<char>(random() % 256);
    }
    const std::string json = Json(text);
    ASSERT_TRUE(IsUtf8(json));
    ASSERT_GE(json.size(), 2U);
    for (std::size_t i = 0; i < json.size(); ++i) {
      ASSERT_GE(static_cast<unsigned char>(json[i]), 0x20) << json;
    }
    ASSERT_TRUE(json.starts_with('"') && json.ends_with('"'));
    ASSERT_EQ(IsUtf8(text), ToUtf8(text) == text);
    ASSERT_EQ(Json(ToUtf8(text)), json);
  }
}

}  // namespace
}  // namespace belfry
