// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/announce/announce_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/support/temp_dir.h"

namespace belfry::wire {
namespace {

using testing::HasSubstr;

constexpr char kSecret[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

TEST(AnnounceKeys, ReadsWhatIsWrittenAndSignsWithTheFirst) {
  const auto keys =
      AnnounceKeys::Parse(AnnounceKeysJson({MakeAnnounceKey("new"), MakeAnnounceKey("old")}));
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ((*keys)->signing().id, "new");
  ASSERT_NE((*keys)->Find("old"), nullptr);
  EXPECT_NE((*keys)->Find("old")->secret, (*keys)->signing().secret);
  EXPECT_EQ((*keys)->Find("other"), nullptr);
}

TEST(AnnounceKeys, NamesWhatIsWrongAndNoSecret) {
  const std::string good = std::string("{\"id\":\"a\",\"secret\":\"") + kSecret + "\"}";
  for (const auto& [keys, said] :
       {std::pair{std::string("{\"id\":\"a\",\"secret\":\"aHVudGVyMg\"}"), "at least 32 bytes"},
        std::pair{good + "," + good, "key 2: the id \"a\" is given twice"},
        std::pair{std::string("{\"id\":\"\",\"secret\":\"x\"}"), "\"id\" must be"},
        std::pair{std::string("{\"id\":\"a\"}"), "\"secret\" must be"},
        std::pair{std::string("{\"id\":\"a\",\"secret\":\"x\",\"alg\":\"x\"}"), "\"alg\""},
        std::pair{std::string(), "\"keys\" is empty"}}) {
    const auto parsed = AnnounceKeys::Parse("{\"keys\":[" + keys + "]}");
    ASSERT_FALSE(parsed.ok()) << keys;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr(said));
    EXPECT_THAT(parsed.error().message, Not(HasSubstr("aHVudGVyMg")));
  }
}

TEST(AnnounceKeys, AFileThatOthersMayReadOrChangeIsRefused) {
  const test::TempDir dir;
  const std::string file = dir.Write("keys.json", AnnounceKeysJson({MakeAnnounceKey("main")}));
  EXPECT_TRUE(AnnounceKeys::Load(file).ok());
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);  // root:belfry
  EXPECT_TRUE(AnnounceKeys::Load(file).ok());
  for (const mode_t mode : {0644, 0604, 0602, 0660, 0620}) {
    ASSERT_EQ(chmod(file.c_str(), mode), 0);
    const auto keys = AnnounceKeys::Load(file);
    ASSERT_FALSE(keys.ok()) << mode;
    EXPECT_EQ(keys.error().code, Code::kPermissionDenied);
    EXPECT_THAT(keys.error().message, HasSubstr("chmod 600 " + file));
  }
  const auto absent = AnnounceKeys::Load(file + ".none");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("belfry announce-keys new --file " + file));
}

}  // namespace
}  // namespace belfry::wire
