// SPDX-License-Identifier: Apache-2.0
#include "libs/common/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/support/temp_dir.h"

namespace belfry {
namespace {

using ::testing::HasSubstr;

TEST(ReadFile, GivesEveryByte) {
  const test::TempDir dir;
  const std::string content = std::string("\0\r\n\xFF", 4) + std::string(10'000, 'x');
  EXPECT_EQ(*ReadFile(dir.Write("a", content)), content);
  EXPECT_EQ(*ReadFile(dir.Write("empty", "")), "");
}

TEST(ReadFile, SaysWhyItCannot) {
  const test::TempDir dir;
  const std::string absent = (dir.path() / "absent").string();
  EXPECT_EQ(ReadFile(absent).error().code, Code::kNotFound);
  EXPECT_EQ(ReadFile(absent).error().message, "read " + absent + ": No such file or directory");
  EXPECT_EQ(ReadFile(dir.path().string()).error().code, Code::kInvalidArgument);
  EXPECT_EQ(ReadFile(dir.Write("a", "x") + "/b").error().code, Code::kNotFound);
  EXPECT_EQ(ReadFile("").error().code, Code::kNotFound);
}

TEST(ReadFile, IsBounded) {
  const test::TempDir dir;
  const std::string path = dir.Write("a", std::string(100, 'x'));
  EXPECT_TRUE(ReadFile(path, 100).ok());
  const auto larger = ReadFile(path, 99);
  ASSERT_FALSE(larger.ok());
  EXPECT_EQ(larger.error().code, Code::kInvalidArgument);
  EXPECT_THAT(larger.error().message, HasSubstr("larger than 99 bytes"));
  EXPECT_FALSE(ReadFile("/dev/zero").ok());
}

TEST(ReadSecretFile, RefusesWhatOthersMayReadOrChange) {
  const test::TempDir dir;
  const std::string file = dir.Write("secret", "hush");
  EXPECT_EQ(*ReadSecretFile(file), "hush");
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  const auto read = ReadSecretFile(file);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kPermissionDenied);
  EXPECT_THAT(read.error().message, HasSubstr("its mode is 0644; allowed: 0600"));
  EXPECT_EQ(*ReadFile(file), "hush");
}

}  // namespace
}  // namespace belfry
