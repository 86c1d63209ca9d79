// SPDX-License-Identifier: Apache-2.0
// `belfry-store COMMAND` as an operator calls it, beside a store that runs or has ended.
#include "services/store/commands/commands.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/integration/store/command_call.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

TEST(Commands, LeaveTheServiceAlone) {
  EXPECT_EQ(Call({}).exit, std::nullopt);
  EXPECT_EQ(Call({"--store-grpc", "127.0.0.1:0"}).exit, std::nullopt);
}

TEST(Commands, RefuseWhatTheyDoNotKnow) {
  const Called unknown = Call({"chekc"});
  EXPECT_EQ(unknown.exit, kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("there is no command \"chekc\""));
  const Called flag = Call({"check", "--bogus"});
  EXPECT_EQ(flag.exit, kUsage);
  EXPECT_THAT(flag.err, HasSubstr("--bogus"));
  const Called value = Call({"check", "--store-partitions", "0"});
  EXPECT_EQ(value.exit, kUsage);
  EXPECT_THAT(value.err, HasSubstr("allowed: 1 to 1024"));
}

TEST(Commands, ExplainThemselves) {
  const Called help = Call({"check", "--help"});
  EXPECT_EQ(help.exit, kDone);
  EXPECT_THAT(help.out, HasSubstr("Exit codes:"));
  EXPECT_THAT(help.out, HasSubstr("--store-data"));
}

struct CheckCommand : testing::Test, StoreRig {
  void SetUp() override {
    Start();
    Store(Item("alice", "k1"));
    Store(Item("", "k2"));
  }
};

TEST_F(CheckCommand, RefusesAStoreThatRuns) {
  const Called called = Call({"check", "--data", config.data});
  EXPECT_EQ(called.exit, kUsage);
  EXPECT_THAT(called.err, HasSubstr("holds this data directory"));
  Store(Item("alice", "k3"));
}

TEST_F(CheckCommand, ReportsNoFaults) {
  for (const bool killed : {true, false}) {
    killed ? Kill() : Stop();
    const Called called = Call({"check", "--store-data", config.data});
    EXPECT_EQ(called.exit, kDone) << called.out << called.err;
    EXPECT_THAT(called.out, HasSubstr("no faults"));
    EXPECT_THAT(called.out, HasSubstr("\nlog         "));
    const Called json = Call({"check", "--json", "--data=" + config.data});
    EXPECT_EQ(json.exit, kDone);
    EXPECT_THAT(json.out, HasSubstr("\"clean\":true"));
    Start();
  }
}

TEST_F(CheckCommand, ReportsWhatIsWrong) {
  Kill();
  std::filesystem::remove(config.data + "/high-water");
  const Called called = Call({"check", "--data", config.data});
  EXPECT_EQ(called.exit, kFailed);
  EXPECT_THAT(called.out, HasSubstr("  high-water: is missing"));
  EXPECT_THAT(called.out, HasSubstr("there are faults"));
  const Called json = Call({"check", "--json", "--data", config.data});
  EXPECT_EQ(json.exit, kFailed);
  EXPECT_THAT(json.out, HasSubstr("{\"kind\":\"high_water\",\"key\":\"high-water\",\"what\":"));
}

TEST_F(CheckCommand, LooksAtNothingWhereNothingIs) {
  const Called called = Call({"check", "--data", dir.path().string()});
  EXPECT_EQ(called.exit, kUsage);
  EXPECT_THAT(called.err, HasSubstr("there is no database"));
}

}  // namespace
}  // namespace belfry::store
