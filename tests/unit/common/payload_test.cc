// SPDX-License-Identifier: Apache-2.0
#include "libs/common/payload.h"

#include <gtest/gtest.h>

namespace belfry {
namespace {

TEST(Payload, SharesItsBytesWithItsCopies) {
  const Payload body(std::string("hello"));
  const Payload copy = body;
  EXPECT_TRUE(copy.SharesWith(body));
  EXPECT_EQ(copy.view().data(), body.view().data());
  EXPECT_FALSE(Payload("hello").SharesWith(body));
}

TEST(Payload, IsEqualByItsBytes) {
  EXPECT_EQ(Payload("a"), Payload("a"));
  EXPECT_NE(Payload("a"), Payload("b"));
  EXPECT_EQ(Payload(), Payload(""));
  EXPECT_TRUE(Payload("").empty());
  EXPECT_EQ(Payload().view(), "");
  EXPECT_EQ(Payload(std::string("\0x", 2)).size(), 2u);
}

}  // namespace
}  // namespace belfry
