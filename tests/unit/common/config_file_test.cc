// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_file.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry::config {
namespace {

// The value of the only entry in `text`, or a note of what came instead.
std::string OnlyValue(const std::string& text) {
  const FileContent content = ParseFile(text);
  if (!content.mistakes.empty()) {
    return "mistake: " + content.mistakes[0].allowed;
  }
  return content.entries.size() == 1 ? content.entries[0].value : "not one entry";
}

TEST(ConfigFile, ReadsScalars) {
  EXPECT_EQ(OnlyValue("a = 1"), "1");
  EXPECT_EQ(OnlyValue("a=1"), "1");
  EXPECT_EQ(OnlyValue("  a\t=\ttrue # no"), "true");
  EXPECT_EQ(OnlyValue("a = \"x # y = [z], 'q'\" # comment"), "x # y = [z], 'q'");
  EXPECT_EQ(OnlyValue("a = 'C:\\n \"q\"'"), "C:\\n \"q\"");
  EXPECT_EQ(OnlyValue("a = \"\""), "");
  EXPECT_EQ(OnlyValue(R"(a = "\t\"\\\u00e9\U0001F514")"), "\t\"\\\xC3\xA9\xF0\x9F\x94\x94");
  EXPECT_EQ(OnlyValue("a = nats://127.0.0.1:4222"), "nats://127.0.0.1:4222");
}

TEST(ConfigFile, ReadsArraysOnOneLine) {
  EXPECT_EQ(OnlyValue("a = []"), "");
  EXPECT_EQ(OnlyValue("a = [ \"x\", 'y' ,z ] # c"), "x,y,z");
  EXPECT_EQ(OnlyValue("a = [\"x\"]"), "x");
  for (const char* bad : {"a = [", "a = [1", "a = [1,", "a = [1,]", "a = [1 2]", "a = [,]",
                          "a = [\"x,y\"]", "a = [[1]]", "a = [1] 2"}) {
    EXPECT_TRUE(OnlyValue(bad).starts_with("mistake: one value")) << bad << OnlyValue(bad);
  }
}

TEST(ConfigFile, RefusesWhatCannotBeRead) {
  for (const char* bad : {"a = \"x", "a = 'x", "a = x y", "a =", "a = \"x\" y", "a = \"\\q\"",
                          "a = \"\\u12\"", "a = \"\\ud800\"", "a = \"x\\", "a = b = c"}) {
    EXPECT_TRUE(OnlyValue(bad).starts_with("mistake: one value")) << bad << OnlyValue(bad);
  }
  for (const char* bad : {"a", "= 1", "a b = 1", "a.b = 1", "\"a\" = 1", "a : 1"}) {
    EXPECT_EQ(OnlyValue(bad), "mistake: key = value") << bad;
  }
  EXPECT_EQ(OnlyValue("[table]"), "mistake: key = value; there are no sections");
  EXPECT_EQ(OnlyValue("a = \"\xFF\""), "mistake: UTF-8");
}

TEST(ConfigFile, KeepsLineNumbersThroughBlankLinesCommentsAndAnyLineEnd) {
  const FileContent content =
      ParseFile("\xEF\xBB\xBF# c\r\n\r\na = 1\r\n  \nb = 2\nwrong\nc = \"3\"");
  ASSERT_EQ(content.entries.size(), 3U);
  EXPECT_EQ(content.entries[0].line, 3);
  EXPECT_EQ(content.entries[0].value, "1");
  EXPECT_EQ(content.entries[1].line, 5);
  EXPECT_EQ(content.entries[2].line, 7);
  ASSERT_EQ(content.mistakes.size(), 1U);
  EXPECT_EQ(content.mistakes[0].line, 6);
  EXPECT_EQ(content.mistakes[0].text, "wrong");
}

TEST(ConfigFile, AnEmptyFileHasNoEntries) {
  EXPECT_TRUE(ParseFile("").entries.empty());
  EXPECT_TRUE(ParseFile("\n\n").mistakes.empty());
}

}  // namespace
}  // namespace belfry::config
