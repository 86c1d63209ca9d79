// SPDX-License-Identifier: Apache-2.0
#include "libs/common/address.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

std::string Split(std::string_view address) {
  const auto parts = SplitHostPort(address);
  return parts ? std::string(parts->host) + (parts->bracketed ? " in brackets, " : ", ") +
                     std::to_string(parts->port)
               : "none";
}

TEST(Address, IsAHostAndAPort) {
  EXPECT_EQ(Split("localhost:7100"), "localhost, 7100");
  EXPECT_EQ(Split("127.0.0.1:0"), "127.0.0.1, 0");
  EXPECT_EQ(Split("a:65535"), "a, 65535");
  EXPECT_EQ(Split("[::1]:80"), "::1 in brackets, 80");
  EXPECT_EQ(Split("a:b:1"), "a:b, 1");
}

TEST(Address, HasAPortOfDigitsOnly) {
  for (const char* address : {"", "a", ":", ":1", "a:", "a:65536", "a:70000", "a:000080", "a:-1",
                              "a:+1", "a: 1", "a:1 ", "a:0x1", "[::1]"}) {
    EXPECT_EQ(Split(address), "none") << address;
  }
}

}  // namespace
}  // namespace belfry
