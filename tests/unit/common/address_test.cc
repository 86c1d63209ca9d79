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

TEST(AddressBlock, IsTheFirstHalfOfAnIpv6AddressAndAllOfAnother) {
  EXPECT_EQ(AddressBlock("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(AddressBlock("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(AddressBlock("2001:DB8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_NE(AddressBlock("2001:db8:1:3::9"), AddressBlock("2001:db8:1:2::9"));
  EXPECT_EQ(AddressBlock("::1"), "::/64");
  EXPECT_EQ(AddressBlock("::ffff:10.0.0.1"), "10.0.0.1");
  for (const char* text : {"", "unknown", "1:2", "fe80::1%eth0"}) {
    EXPECT_EQ(AddressBlock(text), text);
  }
}

}  // namespace
}  // namespace belfry
