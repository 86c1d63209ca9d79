// SPDX-License-Identifier: Apache-2.0
// The binary `belfry` itself: exit codes, variables, the stack it finds, the binaries beside it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "libs/common/file.h"
#include "libs/wire/auth/jwt.h"
#include "tests/support/temp_dir.h"

namespace belfry::cli {
namespace {

std::filesystem::path BinDir() {
  const char* dir = std::getenv("BELFRY_BIN_DIR");
  EXPECT_NE(dir, nullptr);
  return dir == nullptr ? "" : dir;
}

struct Done {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class CliBinary : public ::testing::Test {
 protected:
  // Runs `words` in `folder` with exactly these variables.
  Done Do(std::vector<std::string> words, std::vector<std::string> variables = {},
          const std::filesystem::path& folder = {}) {
    const std::string out = (dir.path() / "out").string();
    const std::string err = (dir.path() / "err").string();
    std::vector<char*> argv;
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    std::vector<char*> envp;
    for (std::string& variable : variables) {
      envp.push_back(variable.data());
    }
    envp.push_back(nullptr);
    const std::string from = (folder.empty() ? dir.path() : folder).string();
    const pid_t child = fork();
    if (child == 0) {
      const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(out_file, 1);
      dup2(err_file, 2);
      if (chdir(from.c_str()) == 0) {
        execve(argv[0], argv.data(), envp.data());
      }
      _exit(127);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadFile(out).value_or(""),
            ReadFile(err).value_or("")};
  }

  const std::string belfry = (BinDir() / "belfry").string();
  const test::TempDir dir;
};

TEST_F(CliBinary, SaysHowItIsUsed) {
  const Done help = Do({belfry, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("Exit codes:"), std::string::npos);
  EXPECT_EQ(help.err, "");
  const Done nothing = Do({belfry});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_EQ(nothing.out, "");
  EXPECT_EQ(Do({belfry, "notify", "--user", "a", "--title", "b"}).exit_code, 2) << "no key";
}

TEST_F(CliBinary, FindsTheStackOfAFolderAbove) {
  const std::string keys = dir.Write("jwt.json", wire::MakeJwtKeysJson("main"));
  dir.Write(".belfry/dev.env", "BELFRY_JWT_KEYS_FILE=" + keys + "\nBELFRY_PROJECT=shop\n");
  dir.Write("a/b/file", "");
  const Done done = Do({belfry, "token", "--user", "alice"}, {}, dir.path() / "a" / "b");
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto verifier = wire::JwtVerifier::Load(keys, {});
  ASSERT_TRUE(verifier.ok());
  const auto identity = (*verifier)->Verify(done.out.substr(0, done.out.size() - 1), time(nullptr));
  ASSERT_TRUE(identity.ok()) << identity.error().ToString();
  EXPECT_EQ(identity->project, "shop");
  const Done own =
      Do({belfry, "token", "--user", "alice"}, {"BELFRY_JWT_KEYS_FILE=/none"}, dir.path() / "a");
  EXPECT_EQ(own.exit_code, 1) << "its own variable comes first";
  EXPECT_NE(own.err.find("/none"), std::string::npos);
}

TEST_F(CliBinary, CheckConfigIsTheServicesOwnVerdict) {
  const std::string copy = (dir.path() / "belfry").string();
  std::filesystem::copy_file(belfry, copy);
  const std::string service =
      dir.Write("belfry-edge", "#!/bin/sh\necho \"$@\"; echo \"$BELFRY_X\" >&2; exit 2\n");
  ASSERT_EQ(chmod(service.c_str(), 0700), 0);
  const Done done =
      Do({copy, "check-config", "edge", "--config", "e.toml", "--demo"}, {"BELFRY_X=y"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.out, "--print-config --config e.toml --demo\n");
  EXPECT_EQ(done.err, "y\n");
  const Done missing = Do({copy, "check-config", "store"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("belfry-store"), std::string::npos);
}

TEST_F(CliBinary, CheckConfigShowsTheRealStoresSettings) {
  const Done good = Do(
      {belfry, "check-config", "store", "--announce-keys-file", "a", "--internal-keys-file", "k"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_NE(good.out.find("store_grpc"), std::string::npos) << good.out;
  const std::string file = dir.Write("store.toml", "store_grcp = \"127.0.0.1:1\"\n");
  const Done bad = Do({belfry, "check-config", "store", "--config", file});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.err.find("store_grcp"), std::string::npos) << bad.err;
}

}  // namespace
}  // namespace belfry::cli
