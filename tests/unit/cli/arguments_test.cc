// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/arguments.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace belfry::cli {
namespace {

using namespace std::chrono_literals;

struct Outcome {
  Arguments arguments;
  std::string out;
  std::string err;

  template <typename T>
  const T& As() const {
    EXPECT_TRUE(arguments.command) << err;
    return std::get<T>(*arguments.command);
  }
};

const std::map<std::string, std::string> kSet = {{"BELFRY_API_KEY", "dev.secret"},
                                                 {"BELFRY_JWT_KEYS_FILE", "/keys.json"}};

Outcome Parse(std::vector<const char*> words, std::map<std::string, std::string> variables = kSet) {
  words.insert(words.begin(), "belfry");
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  outcome.arguments = ParseArguments(static_cast<int>(words.size()), words.data(),
                                     Environment(std::move(variables)), out, err);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

void ExpectUsage(const Outcome& outcome, const std::string& message) {
  EXPECT_FALSE(outcome.arguments.command);
  EXPECT_EQ(outcome.arguments.exit_code, kUsage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
}

TEST(Arguments, AMistakeIsNamed) {
  ExpectUsage(Parse({"notfy", "--user", "a"}), "there is no command \"notfy\"");
  for (const char* address : {"http://127.0.0.1:7180", "https://127.0.0.1:7180"}) {
    ExpectUsage(Parse({"notify", "--user", "a", "--title", "t", "--ingest", address}),
                std::string("--ingest ") + address + " is an URL: give HOST:PORT alone");
    ExpectUsage(Parse({"list", "--user", "a", "--ingest", address}), "is an URL");
  }
  for (const char* address : {"127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", ""}) {
    ExpectUsage(Parse({"notify", "--user", "a", "--title", "t", "--ingest", address}),
                std::string("--ingest ") + address + " is not HOST:PORT");
  }
}

TEST(Arguments, NotifyTakesAddressAndKeyFromTheEnvironment) {
  const Outcome outcome = Parse({"notify", "--user", "alice", "--title", "Lunch?"});
  const auto& command = outcome.As<NotifyCommand>();
  EXPECT_FALSE(command.broadcast);
  EXPECT_EQ(command.user, "alice");
  EXPECT_EQ(command.title, "Lunch?");
  EXPECT_EQ(command.ingest, "127.0.0.1:7100");
  EXPECT_EQ(command.api_key, "dev.secret");
  EXPECT_EQ(command.timeout, 10s);
  EXPECT_EQ(command.expires_in, 0s);
}

TEST(Arguments, FlagsBeatTheEnvironment) {
  auto variables = kSet;
  variables["BELFRY_INGEST_GRPC"] = "127.0.0.1:1";
  const std::vector<const char*> words = {"notify", "-u", "alice", "-t", "x"};
  EXPECT_EQ(Parse(words, variables).As<NotifyCommand>().ingest, "127.0.0.1:1");
  auto with_flags = words;
  with_flags.insert(with_flags.end(), {"--ingest", "127.0.0.1:2", "--api-key", "a.b"});
  const Outcome outcome = Parse(with_flags, variables);
  EXPECT_EQ(outcome.As<NotifyCommand>().ingest, "127.0.0.1:2");
  EXPECT_EQ(outcome.As<NotifyCommand>().api_key, "a.b");
}

TEST(Arguments, NotifyTakesEveryField) {
  const Outcome outcome = Parse({"notify", "--user",
                                 "u",      "--title",
                                 "t",      "--body",
                                 "b",      "--kind",
                                 "k",      "--level",
                                 "error",  "--actor-id",
                                 "a",      "--subject-type",
                                 "st",     "--subject-id",
                                 "si",     "--action-url",
                                 "/x",     "--image-url",
                                 "/y",     "--meta",
                                 "{}",     "--expires-in",
                                 "2h",     "--idempotency-key",
                                 "key",    "--timeout",
                                 "500ms",  "--json"});
  const auto& command = outcome.As<NotifyCommand>();
  EXPECT_EQ(command.body + command.kind + command.level + command.actor_id + command.subject_type +
                command.subject_id + command.action_url + command.image_url + command.meta +
                command.idempotency_key,
            "bkerrorastsi/x/y{}key");
  EXPECT_EQ(command.expires_in, 2h);
  EXPECT_EQ(command.timeout, 500ms);
  EXPECT_TRUE(command.json);
}

TEST(Arguments, BroadcastHasNoUser) {
  EXPECT_TRUE(Parse({"broadcast", "--title", "x"}).As<NotifyCommand>().broadcast);
  ExpectUsage(Parse({"broadcast", "--title", "x", "--user", "alice"}), "--user");
}

TEST(Arguments, NotifyNamesWhatIsMissingOrWrong) {
  ExpectUsage(Parse({"notify", "--title", "x"}), "either --user or --segment");
  ExpectUsage(Parse({"notify", "--title", "x", "-u", "a", "--segment", "b"}), "either --user");
  ExpectUsage(Parse({"notify", "--title", "x", "-u", "a", "--exclude", "b"}), "--exclude");
  ExpectUsage(Parse({"notify", "--user", "a"}), "--title is required");
  ExpectUsage(Parse({"notify", "--user", "", "--title", "x"}), "1 to 128 bytes");
  ExpectUsage(Parse({"notify", "--user", "a\nb", "--title", "x"}), "control characters");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x", "--level", "loud"}), "--level");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x", "--timeout", "5"}), "--timeout");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x", "--timeout", "5y"}), "--timeout");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "\xFF"}), "not UTF-8");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x", "more"}), "more");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x", "--colour", "red"}), "--colour");
  ExpectUsage(Parse({"notify", "--user", "a", "--title", "x"}, {}), "BELFRY_API_KEY");
}

TEST(Arguments, SecretsDoNotLeaveTheMachineInTheClear) {
  const std::vector<const char*> notify = {"notify", "--user",   "a",         "--title",
                                           "x",      "--ingest", "10.0.0.1:1"};
  ExpectUsage(Parse(notify), "not loopback");
  auto insecure = notify;
  insecure.push_back("--insecure");
  EXPECT_TRUE(Parse(insecure).As<NotifyCommand>().insecure);
  auto tls = notify;
  tls.insert(tls.end(), {"--tls-ca", "ca.pem", "--tls-cert", "c.pem", "--tls-key", "k.pem"});
  EXPECT_EQ(Parse(tls).As<NotifyCommand>().tls_key, "k.pem");
  ExpectUsage(Parse({"tail", "--user", "a", "--edge", "example.org:80"}), "not loopback");
  EXPECT_EQ(Parse({"tail", "--user", "a", "--edge", "example.org:80", "--insecure"})
                .As<TailCommand>()
                .edge,
            "example.org:80");
}

TEST(Arguments, TailNeedsAnIdentity) {
  ExpectUsage(Parse({"tail"}), "--user, --token or BELFRY_TOKEN");
  EXPECT_EQ(Parse({"tail", "--token", "x.y.z"}).As<TailCommand>().token, "x.y.z");
  EXPECT_EQ(Parse({"tail"}, {{"BELFRY_TOKEN", "x.y.z"}}).As<TailCommand>().token, "x.y.z");
  ExpectUsage(Parse({"tail", "--user", "a"}, {}), "BELFRY_JWT_KEYS_FILE");
  const Outcome outcome = Parse({"tail", "--user", "a", "--count", "3", "--timeout", "1m",
                                 "--last-event-id", "5", "--batch-ms", "200", "--json"});
  const auto& command = outcome.As<TailCommand>();
  EXPECT_EQ(command.new_token.user, "a");
  EXPECT_EQ(command.new_token.project, "demo");
  EXPECT_EQ(command.new_token.keys_file, "/keys.json");
  EXPECT_EQ(command.count, 3);
  EXPECT_EQ(command.timeout, 1min);
  EXPECT_EQ(command.last_event_id, "5");
  EXPECT_EQ(command.batch_ms, 200);
  ExpectUsage(Parse({"tail", "--user", "a", "--count", "0"}), "--count");
  ExpectUsage(Parse({"tail", "--user", "a", "--count", "x"}), "--count");
  ExpectUsage(Parse({"tail", "--user", "a", "--batch-ms", "5001"}), "--batch-ms");
}

TEST(Arguments, ACursorCannotSmuggleAHeader) {
  ExpectUsage(Parse({"tail", "--user", "a", "--last-event-id", "5\r\nX: y"}), "--last-event-id");
  ExpectUsage(Parse({"tail", "--token", "a\r\nX: y"}), "--token");
  ExpectUsage(Parse({"tail", "--user", "a", "--insecure", "--edge", "a\r\nX: y:80"}), "--edge");
}

TEST(Arguments, TokenTakesItsClaims) {
  const auto variables = std::map<std::string, std::string>{
      {"BELFRY_JWT_KEYS_FILE", "/k"}, {"BELFRY_PROJECT", "shop"}, {"BELFRY_JWT_ISSUER", "iss"}};
  const Outcome outcome = Parse({"token", "--user", "alice", "--ttl", "24h"}, variables);
  const auto& command = outcome.As<TokenCommand>();
  EXPECT_EQ(command.user, "alice");
  EXPECT_EQ(command.project, "shop");
  EXPECT_EQ(command.issuer, "iss");
  EXPECT_EQ(command.ttl, 24h);
  EXPECT_FALSE(command.ticket);
  ExpectUsage(Parse({"token"}), "--user is required");
  ExpectUsage(Parse({"token", "--user", "a", "--project", "a/b"}), "--project");
  ExpectUsage(Parse({"token", "--user", "a", "--ticket", "--ttl", "61s"}), "60s");
  EXPECT_TRUE(
      Parse({"token", "--user", "a", "--ticket", "--ttl", "60s"}).As<TokenCommand>().ticket);
}

TEST(Arguments, CheckConfigHandsOnWhatIsTheServices) {
  const Outcome outcome = Parse({"check-config", "edge", "--config", "e.toml", "--demo"});
  const auto& command = outcome.As<CheckConfigCommand>();
  EXPECT_EQ(command.service, "edge");
  EXPECT_EQ(command.arguments, (std::vector<std::string>{"--config", "e.toml", "--demo"}));
  ExpectUsage(Parse({"check-config", "nats"}), "service");
  ExpectUsage(Parse({"check-config"}), "service is required");
}

TEST(Arguments, NotifyTakesASegmentAndWhoIsLeftOut) {
  const Outcome segment =
      Parse({"notify", "--segment", "plan:pro,beta", "--exclude", "bob", "carol", "--title", "x"});
  EXPECT_EQ(segment.As<NotifyCommand>().segment, "plan:pro,beta");
  EXPECT_EQ(segment.As<NotifyCommand>().exclude, (std::vector<std::string>{"bob", "carol"}));
  const Outcome all = Parse({"broadcast", "--exclude", "bob", "--title", "x"});
  EXPECT_EQ(all.As<NotifyCommand>().exclude, std::vector<std::string>{"bob"});
}

TEST(Arguments, KeysNewTakesScopes) {
  const std::vector<const char*> words = {"keys",      "new",  "--id",   "dev",
                                          "--project", "demo", "--file", "f"};
  EXPECT_TRUE(Parse(words).As<NewApiKeyCommand>().may_notify) << "the least is the default";
  EXPECT_FALSE(Parse(words).As<NewApiKeyCommand>().may_broadcast);
  auto both = words;
  both.insert(both.end(), {"--scopes", "notify,broadcast"});
  EXPECT_TRUE(Parse(both).As<NewApiKeyCommand>().may_notify);
  EXPECT_TRUE(Parse(both).As<NewApiKeyCommand>().may_broadcast);
  auto one = words;
  one.insert(one.end(), {"--scopes", "broadcast"});
  EXPECT_FALSE(Parse(one).As<NewApiKeyCommand>().may_notify);
  auto rest = words;
  rest.insert(rest.end(), {"--scopes", "inbox,audience"});
  EXPECT_TRUE(Parse(rest).As<NewApiKeyCommand>().may_inbox);
  EXPECT_TRUE(Parse(rest).As<NewApiKeyCommand>().may_audience);
  auto wrong = words;
  wrong.insert(wrong.end(), {"--scopes", "admin"});
  ExpectUsage(Parse(wrong), "--scopes");
  ExpectUsage(Parse({"keys", "new", "--id", "a.b", "--project", "demo", "--file", "f"}), "--id");
  ExpectUsage(Parse({"keys"}), "subcommand");
}

TEST(Arguments, HelpIsNoMistake) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"--help"}, {"tail", "--help"}, {"keys", "new", "--help"}}) {
    const Outcome outcome = Parse(words, {});
    EXPECT_FALSE(outcome.arguments.command);
    EXPECT_EQ(outcome.arguments.exit_code, kDone);
    EXPECT_NE(outcome.out.find("Exit codes"), std::string::npos);
    EXPECT_NE(outcome.out.find("Examples"), std::string::npos);
    EXPECT_EQ(outcome.out.find("dev.secret"), std::string::npos);
  }
  ExpectUsage(Parse({}), "subcommand");
  ExpectUsage(Parse({"dance"}), "");
}

TEST(Arguments, HelpShowsNoSecret) {
  const Outcome outcome = Parse({"notify", "--help"});
  EXPECT_EQ(outcome.out.find("dev.secret"), std::string::npos);
}

}  // namespace
}  // namespace belfry::cli
