// SPDX-License-Identifier: Apache-2.0
#include "libs/common/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

TEST(Hex, WhatIsEncodedIsDecoded) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
  }
  const std::string text = HexEncode(bytes);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(504), "fcfdfeff");
  EXPECT_EQ(HexDecode(text), bytes);
  EXPECT_EQ(HexDecode("0aFF"), std::string("\x0A\xFF"));
  EXPECT_EQ(HexDecode(""), "");
}

TEST(Hex, RefusesWhatIsNone) {
  for (const char* text : {"0", "0g", "g0", "0x", " 0", "0:", "0@", "0`", "000"}) {
    EXPECT_EQ(HexDecode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace belfry
