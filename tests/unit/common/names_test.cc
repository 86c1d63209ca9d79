// SPDX-License-Identifier: Apache-2.0
#include "libs/common/names.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

TEST(Names, AUserIdIsTextWithoutControls) {
  for (const std::string& good :
       {std::string("a"), std::string("user 1@example.org"), std::string("\xC3\xA9"),
        std::string("\xC2\xA0"), std::string(kUserIdBytesMax, 'u')}) {
    EXPECT_TRUE(IsUserId(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string("\0", 1), std::string("\x7F"),
        std::string("\xC2\x80"), std::string("a\xC2\x9F"), std::string("\xFF"),
        std::string(kUserIdBytesMax + 1, 'u')}) {
    EXPECT_FALSE(IsUserId(bad)) << bad;
  }
}

TEST(Names, AProjectAndAKeyIdAreTokens) {
  EXPECT_TRUE(IsProject("Ab9_.-"));
  EXPECT_TRUE(IsProject(std::string(kProjectBytesMax, 'p')));
  EXPECT_TRUE(IsKeyId("Ab9_-"));
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a/b"),
                                 std::string("\xC3\xA9"), std::string(kProjectBytesMax + 1, 'p')}) {
    EXPECT_FALSE(IsProject(bad)) << bad;
    EXPECT_FALSE(IsKeyId(bad)) << bad;
  }
  EXPECT_FALSE(IsKeyId("a.b"));
  EXPECT_FALSE(IsKeyId(std::string(kKeyIdBytesMax + 1, 'k')));
}

TEST(Names, AnIdempotencyKeyIsPrintableAscii) {
  EXPECT_TRUE(IsIdempotencyKey(" ~"));
  EXPECT_TRUE(IsIdempotencyKey(std::string(kIdempotencyKeyBytesMax, '~')));
  for (const std::string& bad :
       {std::string(), std::string("\x7F"), std::string("a\tb"), std::string("\xC3\xA9"),
        std::string(kIdempotencyKeyBytesMax + 1, '~')}) {
    EXPECT_FALSE(IsIdempotencyKey(bad)) << bad;
  }
}

}  // namespace
}  // namespace belfry
