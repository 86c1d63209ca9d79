// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/temp_dir.h"

namespace belfry::cli {
namespace {

TEST(Environment, ReadsKeyValueLines) {
  const std::map<std::string, std::string> expected = {
      {"BELFRY_A", "1"}, {"BELFRY_B", "x=y z"}, {"BELFRY_C", ""}, {"BELFRY_D", "last"}};
  EXPECT_EQ(ParseDevEnv("BELFRY_A=1\nBELFRY_B=x=y z\nPATH=/tmp\nnonsense\n\nBELFRY_C=\n"
                        "LD_PRELOAD=x\nBELFRY_NOT\nBELFRY_D=first\nBELFRY_D=last"),
            expected);
  EXPECT_TRUE(ParseDevEnv("").empty());
}

TEST(Environment, TakesTheNearestStackOfThisFolderOrOneAbove) {
  const test::TempDir dir;
  dir.Write(".belfry/dev.env", "BELFRY_CLI_TEST_PROJECT=outer\n");
  dir.Write("a/.belfry/dev.env", "BELFRY_CLI_TEST_PROJECT=inner\n");
  dir.Write("a/b/c/file", "");
  const auto get = [&](const char* folder) {
    return Environment::OfProcess(dir.path() / folder).Get("BELFRY_CLI_TEST_PROJECT", "none");
  };
  EXPECT_EQ(get("a/b/c"), "inner");
  EXPECT_EQ(get("a"), "inner");
  EXPECT_EQ(get(""), "outer");
  EXPECT_EQ(Environment::OfProcess("/proc").Get("BELFRY_CLI_TEST_PROJECT", "none"), "none");
}

TEST(Environment, AStackThatOthersCanWriteIsPassedOver) {
  const test::TempDir dir;
  dir.Write(".belfry/dev.env", "BELFRY_CLI_TEST_PROJECT=outer\n");
  dir.Write("a/.belfry/dev.env", "BELFRY_CLI_TEST_PROJECT=inner\n");
  const auto found = [&] {
    return Environment::OfProcess(dir.path() / "a").Get("BELFRY_CLI_TEST_PROJECT", "none");
  };
  using std::filesystem::perms;
  for (const perms open : {perms::others_write, perms::group_write}) {
    std::filesystem::permissions(dir.path() / "a/.belfry/dev.env", perms::owner_all | open);
    EXPECT_EQ(found(), "outer");
  }
  std::filesystem::permissions(dir.path() / "a/.belfry/dev.env", perms::owner_all);
  EXPECT_EQ(found(), "inner");
}

TEST(Environment, TheProcesssOwnVariablesComeFirst) {
  const test::TempDir dir;
  dir.Write(".belfry/dev.env", "BELFRY_CLI_TEST_A=stack\nBELFRY_CLI_TEST_B=stack\n");
  setenv("BELFRY_CLI_TEST_A", "own", 1);
  setenv("BELFRY_CLI_TEST_B", "", 1);
  const auto environment = Environment::OfProcess(dir.path());
  unsetenv("BELFRY_CLI_TEST_A");
  unsetenv("BELFRY_CLI_TEST_B");
  EXPECT_EQ(environment.Get("BELFRY_CLI_TEST_A"), "own");
  EXPECT_EQ(environment.Get("BELFRY_CLI_TEST_B"), "stack") << "empty is not set";
  EXPECT_EQ(environment.Get("BELFRY_CLI_TEST_C", "fallback"), "fallback");
}

}  // namespace
}  // namespace belfry::cli
