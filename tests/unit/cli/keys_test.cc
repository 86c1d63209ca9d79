// SPDX-License-Identifier: Apache-2.0
// Keys files and tokens that `belfry` makes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/tokens.h"
#include "libs/common/file.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/auth/api_keys.h"
#include "libs/wire/auth/jwt.h"
#include "tests/support/temp_dir.h"

namespace belfry::cli {
namespace {

struct Done {
  ExitCode exit_code = kDone;
  std::string out;
  std::string err;
};

template <typename Command>
Done Do(const Command& command) {
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode exit_code = Run(command, out, err);
  return {exit_code, out.str(), err.str()};
}

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

std::string WithoutLineEnd(const std::string& text) {
  EXPECT_TRUE(text.ends_with('\n'));
  return text.substr(0, text.size() - 1);
}

TEST(KeysNew, MakesAndExtendsAFile) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "keys.json").string();
  const Done first = Do(NewApiKeyCommand{file, "z", "demo", true, true});
  ASSERT_EQ(first.exit_code, kDone) << first.err;
  EXPECT_EQ(ModeOf(file), 0600u);
  const Done second = Do(NewApiKeyCommand{file, "a", "shop", true, false});
  ASSERT_EQ(second.exit_code, kDone) << second.err;
  const auto keys = wire::ApiKeys::Load(file);
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  const auto z = (*keys)->Authenticate("Bearer " + WithoutLineEnd(first.out));
  ASSERT_TRUE(z.ok()) << "the first key still works";
  EXPECT_TRUE((*z)->may_broadcast);
  const auto a = (*keys)->Authenticate("Bearer " + WithoutLineEnd(second.out));
  ASSERT_TRUE(a.ok());
  EXPECT_EQ((*a)->project, "shop");
  EXPECT_FALSE((*a)->may_broadcast);
}

TEST(KeysNew, KeepsTheFilesMode) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "keys.json").string();
  ASSERT_EQ(Do(NewApiKeyCommand{file, "a", "demo", true, false}).exit_code, kDone);
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  ASSERT_EQ(Do(NewApiKeyCommand{file, "b", "demo", true, false}).exit_code, kDone);
  EXPECT_EQ(ModeOf(file), 0640u);
}

TEST(KeysNew, LeavesTheFileAloneWhenItCannotAdd) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "keys.json").string();
  ASSERT_EQ(Do(NewApiKeyCommand{file, "a", "demo", true, false}).exit_code, kDone);
  const auto before = ReadFile(file);
  const Done again = Do(NewApiKeyCommand{file, "a", "demo", true, true});
  EXPECT_EQ(again.exit_code, kFailed);
  EXPECT_EQ(again.out, "");
  EXPECT_NE(again.err.find("\"a\" already"), std::string::npos);
  EXPECT_EQ(*ReadFile(file), *before);
  const std::string broken = dir.Write("broken.json", "{\"keys\":");
  EXPECT_EQ(Do(NewApiKeyCommand{broken, "a", "demo", true, false}).exit_code, kFailed);
  EXPECT_EQ(*ReadFile(broken), "{\"keys\":");
  const std::string nowhere = (dir.path() / "none" / "keys.json").string();
  EXPECT_EQ(Do(NewApiKeyCommand{nowhere, "a", "demo", true, false}).exit_code, kFailed);
}

TEST(AnnounceKeysNew, MakesAFileAndAddsKeysThatOnlyVerify) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "announce.json").string();
  const Done made = Do(NewAnnounceKeyCommand{file, "main"});
  ASSERT_EQ(made.exit_code, kDone) << made.err;
  EXPECT_EQ(made.out, "");
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_EQ(Do(NewAnnounceKeyCommand{file, "main"}).exit_code, kFailed) << "it is there";
  ASSERT_EQ(Do(NewAnnounceKeyCommand{file, "next"}).exit_code, kDone);
  EXPECT_EQ(ModeOf(file), 0600u);
  const auto keys = wire::AnnounceKeys::Load(file);
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ((*keys)->signing().id, "main");
  EXPECT_NE((*keys)->Find("next"), nullptr);
  const Done printed = Do(NewAnnounceKeyCommand{"", "main"});
  EXPECT_TRUE(wire::AnnounceKeys::Parse(printed.out).ok()) << printed.out;
}

TEST(JwtKeysNew, NeverOverwrites) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "jwt.json").string();
  const Done made = Do(NewJwtKeysCommand{file, "main"});
  ASSERT_EQ(made.exit_code, kDone) << made.err;
  EXPECT_EQ(made.out, "");
  EXPECT_EQ(ModeOf(file), 0600u);
  const auto before = ReadFile(file);
  EXPECT_EQ(Do(NewJwtKeysCommand{file, "main"}).exit_code, kFailed);
  EXPECT_EQ(*ReadFile(file), *before);
}

TEST(JwtKeysNew, PrintsWithoutAFile) {
  const Done made = Do(NewJwtKeysCommand{"", "main"});
  EXPECT_TRUE(wire::JwtVerifier::Parse(made.out, {}).ok()) << made.out;
}

TEST(Token, IsTakenByTheVerifier) {
  const test::TempDir dir;
  TokenCommand command;
  command.keys_file = dir.Write("jwt.json", wire::MakeJwtKeysJson("main"));
  command.user = "alice";
  command.project = "demo";
  const auto verifier = wire::JwtVerifier::Load(command.keys_file, {});
  ASSERT_TRUE(verifier.ok());
  const auto identity = [&](const TokenCommand& made) {
    const auto token = MakeToken(made, 1'000);
    EXPECT_TRUE(token.ok());
    auto verified = (*verifier)->Verify(*token, 1'000);
    EXPECT_TRUE(verified.ok()) << verified.error().ToString();
    return *verified;
  };
  EXPECT_EQ(identity(command).user_id, "alice");
  EXPECT_EQ(identity(command).expires_s, 1'000 + 3'600);
  EXPECT_FALSE(identity(command).ticket);
  command.ttl = std::chrono::hours(24);
  EXPECT_EQ(identity(command).expires_s, 1'000 + 86'400);
  command.ttl = {};
  command.ticket = true;
  EXPECT_TRUE(identity(command).ticket);
  EXPECT_EQ(identity(command).expires_s, 1'060);
  EXPECT_NE(*MakeToken(command, 1'000), *MakeToken(command, 1'000)) << "a ticket admits once";
}

TEST(Token, PrintsItAndNothingElse) {
  const test::TempDir dir;
  TokenCommand command;
  command.keys_file = dir.Write("jwt.json", wire::MakeJwtKeysJson("main"));
  command.user = "alice";
  command.project = "demo";
  const Done done = Do(command);
  EXPECT_EQ(done.exit_code, kDone);
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.out.find_first_of(" \n"), done.out.size() - 1);
  command.keys_file = (dir.path() / "none").string();
  EXPECT_EQ(Do(command).exit_code, kFailed);
  EXPECT_EQ(Do(command).out, "");
}

}  // namespace
}  // namespace belfry::cli
