// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "libs/common/config.h"
#include "tests/support/temp_dir.h"

namespace belfry {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Environment variables for the length of a test.
class Variables {
 public:
  void Set(const std::string& name, const std::string& value) {
    ASSERT_EQ(setenv(name.c_str(), value.c_str(), 1), 0);
    names_.push_back(name);
  }
  ~Variables() {
    for (const std::string& name : names_) {
      unsetenv(name.c_str());
    }
  }

 private:
  std::vector<std::string> names_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

// A program with a setting of each kind.
class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    settings.AddAddress({.name = "store_grpc", .help = "Where the store listens"}, &address);
    settings.AddInteger({.name = "store_partitions", .help = "How many"}, &partitions, 1, 1024);
    settings.AddDuration({.name = "edge_heartbeat", .help = "Every"}, &heartbeat,
                         milliseconds(5'000), milliseconds(60'000));
    settings.AddBytes({.name = "edge_queue_bytes_max", .help = "Queue"}, &queue, 4096, 1 << 20);
    settings.AddChoice({.name = "log_level", .help = "How much"}, &level, {"debug", "info"});
    settings.AddBool({.name = "demo", .help = "Demo page"}, &demo);
    settings.AddList({.name = "cors_origins", .help = "Origins"}, &origins);
    settings.AddString({.name = "nats_url", .help = "NATS"}, &nats);
    settings.AddString({.name = "sign_key", .help = "Key", .secret = true}, &secret);
  }

  Settings::Outcome Load(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"belfry-test"};
    for (const std::string& argument : arguments) {
      argv.push_back(argument.c_str());
    }
    out.str("");
    err.str("");
    return settings.Load(static_cast<int>(argv.size()), argv.data(), out, err);
  }

  // Loads, expects mistakes and nothing on `out`, and gives the lines without the program's name.
  std::vector<std::string> Mistakes(const std::vector<std::string>& arguments) {
    EXPECT_EQ(Load(arguments), Settings::Outcome::kExitMistakes);
    EXPECT_EQ(out.str(), "");
    std::vector<std::string> lines = Lines(err.str());
    for (std::string& line : lines) {
      EXPECT_TRUE(line.starts_with("belfry-test: ")) << line;
      line.erase(0, std::string("belfry-test: ").size());
    }
    return lines;
  }

  test::TempDir dir;
  Variables variables;
  std::ostringstream out, err;
  std::string address = "127.0.0.1:7200", level = "info", nats = "nats://127.0.0.1:4222", secret;
  std::int64_t partitions = 16;
  milliseconds heartbeat{20'000};
  std::uint64_t queue = 262'144;
  bool demo = false;
  std::vector<std::string> origins;
  Settings settings{"belfry-test", "A program under test."};
};

TEST_F(ConfigTest, WithoutAnySourceTheDefaultsStand) {
  EXPECT_EQ(Load({}), Settings::Outcome::kRun);
  EXPECT_EQ(address, "127.0.0.1:7200");
  EXPECT_EQ(partitions, 16);
  EXPECT_EQ(out.str() + err.str(), "");
}

TEST_F(ConfigTest, ReadsEveryKindFromFlags) {
  ASSERT_EQ(Load({"--store-grpc=[::1]:0", "--store-partitions", "4", "--edge-heartbeat=5s",
                  "--edge-queue-bytes-max", "64KiB", "--log-level=debug", "--demo",
                  "--cors-origins=https://a.example, https://b.example", "--nats-url=nats://h:1",
                  "--sign-key=s3cret"}),
            Settings::Outcome::kRun)
      << err.str();
  EXPECT_EQ(address, "[::1]:0");
  EXPECT_EQ(partitions, 4);
  EXPECT_EQ(heartbeat, milliseconds(5'000));
  EXPECT_EQ(queue, 65'536U);
  EXPECT_EQ(level, "debug");
  EXPECT_TRUE(demo);
  EXPECT_THAT(origins, ElementsAre("https://a.example", "https://b.example"));
  EXPECT_EQ(nats, "nats://h:1");
  EXPECT_EQ(secret, "s3cret");
}

TEST_F(ConfigTest, ReadsEveryKindFromAFile) {
  const std::string file = dir.Write("belfry.toml", R"(# a comment
store_grpc = "[::1]:0"   # an address in brackets
store_partitions = 4
edge_heartbeat = "5s"
edge_queue_bytes_max = 64KiB
log_level = 'debug'
demo = true
cors_origins = ["https://a.example", "https://b.example"]
nats_url = "nats://user:pa#ss,wo=rd@h:1"
sign_key = "a\"b\\c\u00e9"
)");
  ASSERT_EQ(Load({"--config", file}), Settings::Outcome::kRun) << err.str();
  EXPECT_EQ(address, "[::1]:0");
  EXPECT_EQ(partitions, 4);
  EXPECT_EQ(heartbeat, milliseconds(5'000));
  EXPECT_EQ(queue, 65'536U);
  EXPECT_EQ(level, "debug");
  EXPECT_TRUE(demo);
  EXPECT_THAT(origins, ElementsAre("https://a.example", "https://b.example"));
  EXPECT_EQ(nats, "nats://user:pa#ss,wo=rd@h:1");
  EXPECT_EQ(secret, "a\"b\\c\xC3\xA9");
}

TEST_F(ConfigTest, FlagBeatsVariableBeatsFileBeatsDefault) {
  const std::string file =
      dir.Write("belfry.toml", "store_partitions = 2\nlog_level = debug\nedge_heartbeat = 6s\n");
  variables.Set("BELFRY_STORE_PARTITIONS", "3");
  variables.Set("BELFRY_EDGE_HEARTBEAT", "7s");
  variables.Set("BELFRY_CONFIG", file);
  ASSERT_EQ(Load({"--store-partitions=4"}), Settings::Outcome::kRun) << err.str();
  EXPECT_EQ(partitions, 4);
  EXPECT_EQ(heartbeat, milliseconds(7'000));
  EXPECT_EQ(level, "debug");
  EXPECT_EQ(queue, 262'144U);
}

TEST_F(ConfigTest, TheLastOfARepeatedFlagWinsAndItsConfigFlagBeatsTheVariable) {
  variables.Set("BELFRY_CONFIG", (dir.path() / "absent.toml").string());
  const std::string file = dir.Write("there.toml", "store_partitions = 2\n");
  ASSERT_EQ(Load({"--config", file, "--log-level=info", "--log-level=debug"}),
            Settings::Outcome::kRun)
      << err.str();
  EXPECT_EQ(partitions, 2);
  EXPECT_EQ(level, "debug");
}

TEST_F(ConfigTest, ABoolIsReadInItsSpellings) {
  EXPECT_EQ(Load({"--demo=false"}), Settings::Outcome::kRun);
  EXPECT_FALSE(demo);
  variables.Set("BELFRY_DEMO", "1");
  EXPECT_EQ(Load({}), Settings::Outcome::kRun);
  EXPECT_TRUE(demo);
  EXPECT_EQ(Load({"--demo=0"}), Settings::Outcome::kRun);
  EXPECT_FALSE(demo);
}

TEST_F(ConfigTest, AnEmptyVariableIsUnsetAndAnEmptyFlagIsEmpty) {
  variables.Set("BELFRY_STORE_PARTITIONS", "");
  nats = "nats://default:1";
  EXPECT_EQ(Load({"--nats-url=", "--demo"}), Settings::Outcome::kRun) << err.str();
  EXPECT_EQ(partitions, 16);
  EXPECT_EQ(nats, "");
  EXPECT_TRUE(demo);
}

TEST_F(ConfigTest, VariablesOfOthersAreNoMistake) {
  for (const char* name :
       {"BELFRY_STORE_PORT", "BELFRY_STORE_SERVICE_HOST", "BELFRY_STORE_SERVICE_PORT",
        "BELFRY_STORE_SERVICE_PORT_GRPC", "BELFRY_STORE_PORT_7200_TCP",
        "BELFRY_STORE_PORT_7200_TCP_ADDR", "BELFRY_STORE_1_GRPC", "BELFRY_TEST_1_GRPC",
        "BELFRY_TEST_PORT_7200_UDP_PORT", "BELFRY_EDGE_HTTP", "BELFRY_EDGE_HTPP", "BELFRY_API_KEY",
        "BELFRY_DEV_DIR", "BELFRY_", "OTHER_STORE_GRPC"}) {
    variables.Set(name, "x");
  }
  variables.Set("BELFRY_TEST_UNSET", "");
  EXPECT_EQ(Load({}), Settings::Outcome::kRun) << err.str();
}

TEST_F(ConfigTest, NamesAVariableThatIsMistyped) {
  variables.Set("BELFRY_STORE_PARTITION", "4");
  EXPECT_THAT(Mistakes({}),
              ElementsAre("BELFRY_STORE_PARTITION: got \"4\" (from the environment); allowed: a "
                          "known variable (did you mean BELFRY_STORE_PARTITIONS?)"));
  Variables more;
  more.Set("BELFRY_TEST_ZZZZZZZZZZZZ", "4");
  more.Set("BELFRY_NAST_URL", "nats://me:secret@host");
  const auto mistakes = Mistakes({});
  EXPECT_THAT(mistakes, Contains(HasSubstr("BELFRY_TEST_ZZZZZZZZZZZZ: got \"4\"")));
  EXPECT_THAT(mistakes, Contains(HasSubstr("did you mean BELFRY_NATS_URL?")));
  EXPECT_THAT(err.str(), Not(HasSubstr("secret")));
}

TEST_F(ConfigTest, NamesAnUnknownFlagAndWhatMayHaveBeenMeant) {
  EXPECT_THAT(Mistakes({"--store-partition", "4"}),
              ElementsAre("--store-partition: got \"4\" (from the command line); allowed: a known "
                          "flag (did you mean --store-partitions?)"));
  EXPECT_THAT(Mistakes({"--zzzzzzzzzzzzzzz=1"}),
              ElementsAre("--zzzzzzzzzzzzzzz: got \"1\" (from the command line); allowed: a known "
                          "flag"));
  EXPECT_THAT(Mistakes({"-x"}), ElementsAre(HasSubstr("-x: got \"\"")));
  // Underscores are for files and variables; an abbreviation is no flag.
  EXPECT_THAT(Mistakes({"--store_grpc=h:1"}), ElementsAre(HasSubstr("did you mean --store-grpc?")));
  EXPECT_THAT(Mistakes({"--store-gr=h:1"}), ElementsAre(HasSubstr("--store-gr: got \"h:1\"")));
}

TEST_F(ConfigTest, NamesAnUnknownKeyWithItsFileAndLine) {
  const std::string file = dir.Write("belfry.toml", "\n\nlog_levle = \"info\"\n");
  EXPECT_THAT(Mistakes({"--config", file}),
              ElementsAre("log_levle: got \"info\" (from " + file +
                          ":3); allowed: a known key (did you mean log_level?)"));
}

TEST_F(ConfigTest, RefusesWordsThatAreNoFlags) {
  EXPECT_THAT(Mistakes({"serve", "--", "more"}),
              ElementsAre("argument: got \"serve\" (from the command line); allowed: flags only",
                          "argument: got \"more\" (from the command line); allowed: flags only"));
}

TEST_F(ConfigTest, NamesAFlagWithoutItsValue) {
  EXPECT_THAT(
      Mistakes({"--store-partitions=0", "--log-level"}),
      ElementsAre("store_partitions: got \"0\" (from --store-partitions); allowed: 1 to 1024",
                  "--log-level: got \"\" (from the command line); allowed: a value after it"));
}

struct BadValue {
  const char* argument;
  const char* line;
};
class ConfigBadValueTest : public ConfigTest, public ::testing::WithParamInterface<BadValue> {};

TEST_P(ConfigBadValueTest, NamesKeyValueSourceAndWhatIsAllowed) {
  EXPECT_THAT(Mistakes({GetParam().argument}), ElementsAre(GetParam().line));
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, ConfigBadValueTest,
    ::testing::Values(
        BadValue{"--store-partitions=1025",
                 "store_partitions: got \"1025\" (from --store-partitions); allowed: 1 to 1024"},
        BadValue{"--store-partitions=-1",
                 "store_partitions: got \"-1\" (from --store-partitions); allowed: 1 to 1024"},
        BadValue{
            "--store-partitions=99999999999999999999",
            "store_partitions: got \"99999999999999999999\" (from --store-partitions); allowed: "
            "1 to 1024"},
        BadValue{"--store-partitions=",
                 "store_partitions: got \"\" (from --store-partitions); allowed: 1 to 1024"},
        BadValue{"--store-partitions=16.0",
                 "store_partitions: got \"16.0\" (from --store-partitions); allowed: 1 to 1024"},
        BadValue{
            "--edge-heartbeat=4999ms",
            "edge_heartbeat: got \"4999ms\" (from --edge-heartbeat); allowed: 5s to 1m (a whole "
            "number and ms, s, m, h or d)"},
        BadValue{"--edge-heartbeat=20",
                 "edge_heartbeat: got \"20\" (from --edge-heartbeat); allowed: 5s to 1m (a whole "
                 "number and ms, s, m, h or d)"},
        BadValue{
            "--edge-queue-bytes-max=1KB",
            "edge_queue_bytes_max: got \"1KB\" (from --edge-queue-bytes-max); allowed: 4KiB to "
            "1MiB (a whole number, alone or with KiB, MiB or GiB)"},
        BadValue{"--log-level=INFO",
                 "log_level: got \"INFO\" (from --log-level); allowed: debug, info"},
        BadValue{"--demo=yes", "demo: got \"yes\" (from --demo); allowed: true, false, 1 or 0"},
        BadValue{"--cors-origins=a,,b",
                 "cors_origins: got \"a,,b\" (from --cors-origins); allowed: items separated by "
                 "commas, none of them empty"},
        BadValue{
            "--store-grpc=127.0.0.1",
            "store_grpc: got \"127.0.0.1\" (from --store-grpc); allowed: host:port with a port "
            "of 0 to 65535, or [ipv6]:port"},
        BadValue{"--nats-url=a\nb",
                 "nats_url: got \"a\\nb\" (from --nats-url); allowed: text without control "
                 "characters"}));

TEST_F(ConfigTest, PrintsAllMistakesAtOnceOneLineEach) {
  const std::string file = dir.Write("belfry.toml",
                                     "nonsense = 1\n"
                                     "[section]\n"
                                     "log_level = loud\n"
                                     "log_level = info\n"
                                     "demo = \n");
  variables.Set("BELFRY_EDGE_HEARTBEAT", "1h");
  const auto lines = Mistakes({"--config", file, "--store-partitions=0", "--what", "stray"});
  EXPECT_THAT(
      lines, ElementsAre(
                 HasSubstr("config: got \"[section]\" (from " + file + ":2); allowed: key = value"),
                 HasSubstr("config: got \"demo\" (from " + file + ":5); allowed: one value"),
                 HasSubstr("nonsense: got \"1\" (from " + file + ":1)"),
                 HasSubstr("log_level: got \"loud\" (from " + file + ":3); allowed: debug, info"),
                 HasSubstr("log_level: got \"info\" (from " + file + ":4); allowed: each key once"),
                 HasSubstr("edge_heartbeat: got \"1h\" (from BELFRY_EDGE_HEARTBEAT)"),
                 HasSubstr("store_partitions: got \"0\" (from --store-partitions)"),
                 HasSubstr("--what: got \"stray\"")));
}

TEST_F(ConfigTest, NamesAFileThatCannotBeRead) {
  const std::string absent = (dir.path() / "absent.toml").string();
  EXPECT_THAT(Mistakes({"--config", absent}),
              ElementsAre("config: got \"" + absent +
                          "\" (from --config); allowed: a file that can be read: read " + absent +
                          ": No such file or directory"));
  EXPECT_THAT(Mistakes({"--config", dir.path().string()}),
              ElementsAre(HasSubstr("Is a directory")));
}

TEST_F(ConfigTest, AMissingSecretIsAMistake) {
  std::string token;
  settings.AddString({.name = "api_token", .help = "Token", .secret = true, .required = true},
                     &token);
  EXPECT_THAT(Mistakes({}),
              ElementsAre("api_token: got \"\" (from default); allowed: a value, which must be set "
                          "by --api-token, BELFRY_API_TOKEN or the config file: Token"));
  EXPECT_THAT(Mistakes({"--api-token="}), ElementsAre(HasSubstr("(from --api-token)")));
  EXPECT_EQ(Load({"--api-token=x"}), Settings::Outcome::kRun) << err.str();
}

TEST_F(ConfigTest, RulesRunAllTogetherAndOnlyOnGoodValues) {
  int runs = 0;
  settings.AddRule([&]() -> std::optional<ConfigMistake> {
    ++runs;
    return ConfigMistake{"store_partitions", std::to_string(partitions), "a power of two"};
  });
  settings.AddRule([&]() -> std::optional<ConfigMistake> {
    return ConfigMistake{"sign_key", secret, "longer"};
  });
  settings.AddRule([]() -> std::optional<ConfigMistake> { return std::nullopt; });
  EXPECT_THAT(Mistakes({"--log-level=loud"}), ElementsAre(HasSubstr("log_level")));
  EXPECT_EQ(runs, 0);
  EXPECT_THAT(Mistakes({"--store-partitions=3", "--sign-key=short"}),
              ElementsAre("store_partitions: got \"3\" (from --store-partitions); allowed: a power "
                          "of two",
                          "sign_key: got \"********\" (from --sign-key); allowed: longer"));
  EXPECT_EQ(runs, 1);
}

TEST_F(ConfigTest, PrintConfigShowsWhatIsInForceAndMasksSecrets) {
  ASSERT_EQ(Load({"--print-config", "--sign-key=s3cret", "--nats-url=nats://u:s3cret@h:1",
                  "--cors-origins=a,b"}),
            Settings::Outcome::kExitOk)
      << err.str();
  EXPECT_EQ(out.str(),
            "store_grpc = \"127.0.0.1:7200\"\n"
            "store_partitions = 16\n"
            "edge_heartbeat = \"20s\"\n"
            "edge_queue_bytes_max = \"256KiB\"\n"
            "log_level = \"info\"\n"
            "demo = false\n"
            "cors_origins = [\"a\", \"b\"]\n"
            "nats_url = \"nats://u:********@h:1\"\n"
            "sign_key = \"********\"\n");
}

TEST_F(ConfigTest, WhatPrintConfigPrintsIsAConfigFile) {
  ASSERT_EQ(Load({"--store-partitions=5", "--demo", "--cors-origins=a,b", "--nats-url=a\"b#c",
                  "--edge-heartbeat=5001ms", "--edge-queue-bytes-max=4097"}),
            Settings::Outcome::kRun);
  const std::string printed = settings.Print();
  const std::string file = dir.Write("printed.toml", printed);
  partitions = 1;
  demo = false;
  origins.clear();
  nats.clear();
  heartbeat = milliseconds(0);
  queue = 0;
  ASSERT_EQ(Load({"--config", file}), Settings::Outcome::kRun) << err.str();
  EXPECT_EQ(settings.Print(), printed);
  EXPECT_EQ(nats, "a\"b#c");
  EXPECT_EQ(heartbeat, milliseconds(5001));
}

TEST_F(ConfigTest, PrintConfigWithAMistakeStillFails) {
  EXPECT_THAT(Mistakes({"--print-config", "--log-level=loud"}),
              ElementsAre(HasSubstr("log_level")));
}

TEST_F(ConfigTest, NoMistakePrintsASecret) {
  const std::string file = dir.Write("belfry.toml",
                                     "sign_keyy = \"hunter2\"\n"
                                     "sign_key = \"hunter2\"\n"
                                     "sign_key = \"hunter2\"\n"
                                     "sign_key : \"hunter2\"\n"
                                     "sign_key = \"hunter2\n"
                                     "nats_ulr = \"nats://u:hunter2@h\"\n"
                                     "other_password = hunter2\n");
  variables.Set("BELFRY_SIGN_KEY", "hunter2\x01");
  const auto lines = Mistakes({"--config", file, "--sign-kye=hunter2", "--sign-keys", "hunter2"});
  EXPECT_EQ(lines.size(), 9U) << err.str();
  EXPECT_THAT(err.str(), Not(HasSubstr("hunter2")));
}

TEST_F(ConfigTest, HelpNamesEverySettingAndBeatsMistakes) {
  ASSERT_EQ(Load({"--help", "--nonsense"}), Settings::Outcome::kExitOk);
  for (const char* flag : {"--store-grpc", "--store-partitions", "--edge-heartbeat", "--demo",
                           "--cors-origins", "--sign-key", "--config", "--print-config"}) {
    EXPECT_THAT(out.str(), HasSubstr(flag));
  }
  EXPECT_THAT(out.str(), HasSubstr("Where the store listens"));
  EXPECT_THAT(out.str(), HasSubstr("127.0.0.1:7200"));
  EXPECT_THAT(err.str(), IsEmpty());
}

TEST_F(ConfigTest, VersionPrintsWhatTheProgramSaysOfItself) {
  Settings versioned("belfry-test", "", "belfry-test 1.2.3 (commit 0a1b2c)");
  const std::array<const char*, 2> arguments = {"belfry-test", "--version"};
  ASSERT_EQ(versioned.Load(2, arguments.data(), out, err), Settings::Outcome::kExitOk);
  EXPECT_EQ(out.str(), "belfry-test 1.2.3 (commit 0a1b2c)\n");
}

TEST(ConfigDeathTest, ASettingNeverHasAnOrchestratorsName) {
  Settings settings("belfry-test", "");
  std::string value;
  EXPECT_DEATH(settings.AddString({.name = "store_port", .help = ""}, &value), "CHECK");
  EXPECT_DEATH(settings.AddString({.name = "store_service_host", .help = ""}, &value), "CHECK");
  EXPECT_DEATH(settings.AddString({.name = "config", .help = ""}, &value), "CHECK");
}

}  // namespace
}  // namespace belfry
