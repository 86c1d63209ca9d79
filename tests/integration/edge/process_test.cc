// SPDX-License-Identifier: Apache-2.0
// The edge as a process: settings, probes, keys, draining, the demo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/common/config.h"
#include "services/edge/config.h"
#include "tests/integration/edge/edge_world.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using testing::HasSubstr;

constexpr char kJson[] = "Content-Type: application/json\r\n";

class ProcessTest : public testing::Test {
 protected:
  void Start() {
    world_.nats().Start();
    ASSERT_TRUE(world_.StartStore());
    ASSERT_TRUE(world_.StartEdge());
    ASSERT_TRUE(world_.WaitReady());
  }
  void StartDemo() {
    world_.edge_config().demo = true;
    world_.edge_config().demo_project = "acme";
    Start();
  }
  int StreamStatus(const std::string& token) {
    auto socket = Connect(world_.http(), kLong);
    EXPECT_TRUE(socket.ok());
    EXPECT_TRUE(
        SendAll(*socket,
                "GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n",
                kLong)
            .ok());
    const std::string head = ReadUntil(*socket, "\r\n\r\n", kLong);
    return head.size() < 12 ? 0 : std::stoi(head.substr(9, 3));
  }
  HttpAnswer PostJson(const std::string& path, const std::string& body,
                      const std::string& headers = kJson) {
    const auto answer = Post(world_.http(), path, headers, body);
    return answer.ok() ? *answer : HttpAnswer();
  }
  void WriteKeys(const std::string& text) {
    std::ofstream(world_.keys_path(), std::ios::trunc) << text;
  }

  World world_;
};

TEST_F(ProcessTest, NewKeysAreTakenAndBadOnesAreNot) {
  Start();
  const std::string old_token = world_.Token("alice");
  EXPECT_EQ(StreamStatus(old_token), 200);
  WriteKeys("not JSON");
  world_.edge().Reload();
  EXPECT_EQ(StreamStatus(old_token), 200);
  EXPECT_EQ(world_.Metric("belfry_edge_jwt_keys_reloads_total", "error"), 1);
  WriteKeys(wire::MakeJwtKeysJson("k2"));
  world_.edge().Reload();
  EXPECT_TRUE(WaitUntil([&] { return StreamStatus(old_token) == 401; }, kLong));
  EXPECT_EQ(world_.Metric("belfry_edge_jwt_keys_reloads_total", "ok"), 1);
}

TEST_F(ProcessTest, DrainingSaysByeAndIsNotReady) {
  Start();
  for (int i = 0; i < 20; ++i) {
    world_.Listen("user" + std::to_string(i));
  }
  ASSERT_TRUE(world_.fleet().WaitConnected(20, kLong));
  world_.edge().Stop();
  EXPECT_GE(world_.fleet().byes("draining"), 20u);
  EXPECT_EQ(world_.AdminStatus("/readyz"), 503);
  EXPECT_EQ(world_.AdminStatus("/livez"), 200);
  EXPECT_THAT(world_.AdminBody("/readyz"), HasSubstr("draining"));
  EXPECT_EQ(world_.Metric("belfry_edge_streams"), 0);
}

TEST_F(ProcessTest, WithoutDemoThereIsNone) {
  Start();
  const auto page = Get(world_.http(), "/");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->status, 404);
  EXPECT_EQ(PostJson("/demo/token", R"({"userId":"alice"})").status, 404);
  EXPECT_EQ(PostJson("/demo/notify", R"({"userId":"alice","title":"x"})").status, 404);
  EXPECT_EQ(PostJson("/demo/revoke", R"({"userId":"alice"})").status, 404);
}

TEST_F(ProcessTest, TheDemoGivesTokensThatStream) {
  StartDemo();
  const HttpAnswer answer = PostJson("/demo/token", R"({"userId":"alice"})");
  ASSERT_EQ(answer.status, 200);
  const std::string cookie = answer.headers.at("set-cookie");
  EXPECT_THAT(cookie, testing::StartsWith("belfry_token="));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
  const std::string prefix = R"({"token":")";
  ASSERT_THAT(answer.body, testing::StartsWith(prefix));
  const std::string token =
      answer.body.substr(prefix.size(), answer.body.size() - prefix.size() - 2);
  EXPECT_THAT(cookie, HasSubstr(token));
  EXPECT_EQ(StreamStatus(token), 200);
}

TEST_F(ProcessTest, TheDemoPageLoadsNothingFromElsewhere) {
  StartDemo();
  const auto page = Get(world_.http(), "/");
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->status, 200);
  EXPECT_EQ(page->headers.at("content-type"), "text/html; charset=utf-8");
  const std::string policy = page->headers.at("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe")));
  const std::string nonce = policy.substr(policy.find("nonce-") + 6, 32);
  EXPECT_THAT(page->body, HasSubstr("<script nonce=\"" + nonce + "\">"));
  EXPECT_THAT(page->body, HasSubstr("<style nonce=\"" + nonce + "\">"));
  EXPECT_THAT(page->body, testing::Not(HasSubstr("@NONCE@")));
  EXPECT_THAT(page->body, testing::Not(HasSubstr("src=\"http")));
  EXPECT_THAT(page->body, testing::Not(HasSubstr("src=\"//")));
  const auto again = Get(world_.http(), "/");
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(again->body, testing::Not(HasSubstr(nonce)));
}

TEST_F(ProcessTest, TheDemoRefusesWhatAnotherSiteCouldSend) {
  StartDemo();
  const std::string body = R"({"userId":"alice"})";
  EXPECT_EQ(PostJson("/demo/token", body, "Content-Type: text/plain\r\n").status, 400);
  EXPECT_EQ(PostJson("/demo/token", body, "").status, 400);
  const std::string foreign = std::string(kJson) + "Origin: http://evil.example\r\n";
  EXPECT_EQ(PostJson("/demo/token", body, foreign).status, 403);
  EXPECT_EQ(PostJson("/demo/notify", body, foreign).status, 403);
  EXPECT_EQ(PostJson("/demo/revoke", body, foreign).status, 403);
}

TEST_F(ProcessTest, TheDemoAnswersUnderNamesOfTheLoopbackOnly) {
  StartDemo();
  const std::string body = R"({"userId":"alice"})";
  const auto post = [&](const std::string& host) {
    const auto answer = test::Exchange(
        world_.http(), "POST /demo/token HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host +
                           "\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    return answer.ok() ? answer->status : 0;
  };
  for (const char* good :
       {"localhost", "LOCALHOST:8080", "demo.localhost:1", "127.0.0.1", "[::1]:8"}) {
    EXPECT_EQ(post(good), 200) << good;
  }
  // What its owner lets mean this machine, once the page has been loaded.
  for (const char* bad :
       {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example",
        "notlocalhost", "10.0.0.1", "[::2]", "127.evil"}) {
    EXPECT_EQ(post(bad), 403) << bad;
  }
}

TEST_F(ProcessTest, TheDemoRefusesUsersThatCannotBe) {
  StartDemo();
  const std::vector<std::string> bad = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        R"({"userId":5})",
                                        R"({"userId":""})",
                                        R"({"userId":"a\u0000b"})",
                                        R"({"userId":"a\r\nSet-Cookie: x"})",
                                        R"({"userId":")" + std::string(129, 'a') + "\"}"};
  for (const std::string& body : bad) {
    EXPECT_EQ(PostJson("/demo/token", body).status, 400) << body;
    EXPECT_EQ(PostJson("/demo/revoke", body).status, 400) << body;
  }
}

TEST_F(ProcessTest, TheDemoSaysWhenItCannotPublishOrRevoke) {
  StartDemo();
  EXPECT_EQ(PostJson("/demo/revoke", R"({"userId":"alice"})").status, 422);
  EXPECT_EQ(PostJson("/demo/notify", R"({"userId":"alice","title":"x"})").status, 422);
}

TEST_F(ProcessTest, ADemoWhoseIngestIsGoneAnswers503) {
  world_.edge_config().ingest_http = Endpoint{"127.0.0.1", FreePort("127.0.0.1")}.ToString();
  world_.edge_config().demo_api_key_file = world_.dir().Write("api-key.txt", "dev.secret\n");
  StartDemo();
  EXPECT_EQ(PostJson("/demo/notify", R"({"userId":"alice","title":"x"})").status, 503);
}

class ConfigTest : public testing::Test {
 protected:
  // What the process would print and do with these flags.
  Settings::Outcome Load(std::vector<const char*> flags) {
    flags.insert(flags.begin(), "belfry-edge");
    Settings settings("belfry-edge", "");
    edge::Declare(settings, config_);
    err_.str("");
    return settings.Load(static_cast<int>(flags.size()), flags.data(), out_, err_);
  }

  edge::Config config_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ConfigTest, NeedsKeysForTokens) {
  EXPECT_EQ(Load({}), Settings::Outcome::kExitMistakes);
  EXPECT_THAT(err_.str(), HasSubstr("jwt_keys_file"));
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i"}),
            Settings::Outcome::kRun);
}

TEST_F(ConfigTest, ADemoBeyondLoopbackIsAMistakeUnlessSaidTwice) {
  EXPECT_EQ(
      Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", "--demo"}),
      Settings::Outcome::kRun);
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", "--demo",
                  "--edge-http=0.0.0.0:8080"}),
            Settings::Outcome::kExitMistakes);
  EXPECT_THAT(err_.str(), HasSubstr("demo"));
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", "--demo",
                  "--edge-http=0.0.0.0:8080", "--insecure"}),
            Settings::Outcome::kExitMistakes)
      << "that switch is another";
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", "--demo",
                  "--edge-http=0.0.0.0:8080", "--insecure", "--demo-hosts=demo.example.com"}),
            Settings::Outcome::kRun);
}

TEST_F(ConfigTest, PlainConnectionsBeyondLoopbackAreAMistake) {
  for (const char* flag : {"--store-grpc=10.0.0.1:7200", "--nats-url=nats://10.0.0.1:4222"}) {
    config_ = {};
    EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", flag}),
              Settings::Outcome::kExitMistakes)
        << flag;
    config_ = {};
    EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i", flag,
                    "--tls-ca=a", "--tls-cert=b", "--tls-key=c"}),
              Settings::Outcome::kRun)
        << flag;
  }
}

TEST_F(ConfigTest, NamesAnOriginAndAProxyThatAreNone) {
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a",
                  "--edge-cors-origins=https://a.com,https://b.com/"}),
            Settings::Outcome::kExitMistakes);
  EXPECT_THAT(err_.str(), HasSubstr("edge_cors_origins: got \"https://b.com/\""));
  EXPECT_THAT(err_.str(), HasSubstr("without a slash at its end"));
  config_ = {};
  EXPECT_EQ(
      Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--edge-trusted-proxies=10.0.0.0/33"}),
      Settings::Outcome::kExitMistakes);
  EXPECT_THAT(err_.str(), HasSubstr("edge_trusted_proxies: got \"10.0.0.0/33\""));
}

TEST_F(ConfigTest, HeartbeatsAreFrom5To60Seconds) {
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i",
                  "--edge-heartbeat=4999ms"}),
            Settings::Outcome::kExitMistakes);
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i",
                  "--edge-heartbeat=61s"}),
            Settings::Outcome::kExitMistakes);
  EXPECT_EQ(Load({"--jwt-keys-file=k", "--announce-keys-file=a", "--internal-key-file=i",
                  "--edge-heartbeat=5s"}),
            Settings::Outcome::kRun);
}

}  // namespace
}  // namespace belfry::test
