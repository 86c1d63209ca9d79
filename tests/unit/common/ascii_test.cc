// SPDX-License-Identifier: Apache-2.0
#include "libs/common/ascii.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

TEST(Ascii, OnlyTheLettersOfAsciiHaveACase) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool upper = c >= 'A' && c <= 'Z';
    EXPECT_EQ(AsciiLower(c), upper ? static_cast<char>(c + 32) : c) << i;
  }
  EXPECT_EQ(AsciiLower("Ab-\xC4Z"), "ab-\xC4z");
}

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(EqualsWithoutCase("Last-Event-ID", "last-event-id"));
  EXPECT_TRUE(EqualsWithoutCase("", ""));
  EXPECT_FALSE(EqualsWithoutCase("a", "ab"));
  EXPECT_FALSE(EqualsWithoutCase("@", "`"));
  EXPECT_FALSE(EqualsWithoutCase("\r", "-"));
  EXPECT_FALSE(EqualsWithoutCase("\xC4", "\xE4"));
}

TEST(Ascii, TrimsSpacesAndTabsAtBothEnds) {
  EXPECT_EQ(Trim(" \ta b\t "), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \t "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\r\n"), "\r\n");
}

}  // namespace
}  // namespace belfry
