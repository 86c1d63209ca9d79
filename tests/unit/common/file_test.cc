// SPDX-License-Identifier: Apache-2.0
#include "libs/common/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
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

std::string RefusalOf(const std::string& path, unsigned mode) {
  std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  const auto text = ReadSecretFile(path);
  if (text.ok()) {
    return "";
  }
  EXPECT_EQ(text.error().code, Code::kPermissionDenied);
  return text.error().message;
}

TEST(ReadSecretFile, RefusesWhatOthersCouldReadOrWrite) {
  const test::TempDir dir;
  const std::string path = dir.Write("key", "id.secret");
  for (const unsigned good : {0600U, 0400U, 0640U, 0440U, 0700U}) {
    EXPECT_EQ(RefusalOf(path, good), "") << good;
    EXPECT_FALSE(OthersMayRead(path));
  }
  for (const unsigned bad : {0644U, 0604U, 0602U, 0660U, 0620U, 0777U, 0601U}) {
    EXPECT_THAT(RefusalOf(path, bad), HasSubstr("chmod 600 " + path)) << bad;
    EXPECT_TRUE(ReadFile(path).ok()) << "what has no keys is read";
  }
  EXPECT_THAT(RefusalOf(path, 0644), HasSubstr("its mode 0644 lets others at it"));
  EXPECT_EQ(ReadSecretFile((dir.path() / "absent").string()).error().code, Code::kNotFound);
}

TEST(ReadKeysFile, SaysWhatMakesAMissingOne) {
  const test::TempDir dir;
  const std::string absent = (dir.path() / "absent").string();
  const auto text = ReadKeysFile(absent, "belfry keys new --file " + absent);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Code::kNotFound);
  EXPECT_THAT(text.error().message, HasSubstr("read " + absent +
                                              ": No such file or directory; "
                                              "\"belfry keys new --file " +
                                              absent + "\" makes it"));
  EXPECT_THAT(text.error().message, HasSubstr("belfry-setup-keys"));
  EXPECT_EQ(*ReadKeysFile(dir.Write("key", "id.secret"), "x", 9), "id.secret");
  EXPECT_EQ(ReadKeysFile(dir.Write("key", "id.secret"), "x", 8).error().code,
            Code::kInvalidArgument);
}

TEST(ReadSecretFile, AnotherUsersFileIsRefused) {
  const test::TempDir dir;
  const std::string path = dir.Write("key", "id.secret");
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file away, and become another user";
  }
  ASSERT_EQ(chown(path.c_str(), 12'345, 12'345), 0);
  EXPECT_TRUE(ReadSecretFile(path).ok()) << "root reads anybody's";
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(chmod(dir.path().c_str(), 0755), 0);
  // As a member of its group who is not its owner.
  ASSERT_EQ(setegid(12'345), 0);
  ASSERT_EQ(seteuid(54'321), 0);
  const auto text = ReadSecretFile(path);
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  ASSERT_EQ(seteuid(54'321), 0);
  const auto closed = ReadSecretFile(path);
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_EQ(setegid(0), 0);
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message, HasSubstr("belongs to user 12345"));
  EXPECT_THAT(text.error().message, HasSubstr("chown 54321 " + path));
  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(closed.error().message, HasSubstr("Permission denied; "));
  EXPECT_THAT(closed.error().message, HasSubstr("chown 54321 " + path));
}

}  // namespace
}  // namespace belfry
