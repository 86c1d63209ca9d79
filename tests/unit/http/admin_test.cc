// SPDX-License-Identifier: Apache-2.0
#include "libs/http/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "libs/http/host_name.h"
#include "tests/unit/http/raw_client.h"

namespace belfry::http {
namespace {

using test::BodyIn;
using test::RawClient;
using test::StatusIn;
using ::testing::HasSubstr;

std::string Ask(const Admin& admin, const std::string& line,
                const std::string& host = "localhost") {
  RawClient client(admin.port());
  client.Send(line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  return client.ReadResponse();
}

TEST(Admin, ReportsTheStateOfNow) {
  std::atomic<bool> ready = false;
  Metrics metrics;
  Admin::Probes probes;
  probes.live = [] { return std::vector<Check>{{"loop", true, "turns"}}; };
  probes.ready = [&] {
    return std::vector<Check>{{"nats", ready, "say \"hi\"\n"}, {"disk", true, ""}};
  };
  auto admin = Admin::Start("127.0.0.1:0", {}, probes, metrics, Log());
  ASSERT_TRUE(admin.ok()) << admin.error().ToString();
  const std::string live = Ask(**admin, "GET /livez");
  EXPECT_EQ(StatusIn(live), 200);
  EXPECT_EQ(BodyIn(live), R"({"ok":true,"checks":[{"check":"loop","ok":true,"detail":"turns"}]})"
                          "\n");
  const std::string not_ready = Ask(**admin, "GET /readyz");
  EXPECT_EQ(StatusIn(not_ready), 503);
  EXPECT_EQ(BodyIn(not_ready),
            R"({"ok":false,"checks":[{"check":"nats","ok":false,"detail":"say \"hi\"\n"},)"
            R"({"check":"disk","ok":true,"detail":""}]})"
            "\n");
  ready = true;
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /readyz")), 200);
}

TEST(Admin, ExposesMetrics) {
  Metrics metrics;
  metrics.AddCounter("belfry_test_things_total", "Things", {{"kind", "a"}}).Add(3);
  auto admin = Admin::Start("127.0.0.1:0", {}, {}, metrics, Log());
  ASSERT_TRUE(admin.ok());
  const std::string response = Ask(**admin, "GET /metrics");
  EXPECT_EQ(StatusIn(response), 200);
  EXPECT_NE(response.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(response.find("belfry_test_things_total{kind=\"a\"} 3\n"), std::string::npos);
}

TEST(Admin, AnswersUnderAnyNumberOfIdleConnections) {
  Metrics metrics;
  auto admin = Admin::Start("127.0.0.1:0", {}, {}, metrics, Log());
  ASSERT_TRUE(admin.ok());
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<RawClient>((*admin)->port()));
    if (i % 2 == 0) {
      idle.back()->Send("GET /livez HTTP/1.1\r\nHost:");
    }
  }
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /livez")), 200);
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /metrics")), 200);
}

TEST(Admin, RefusesTheRest) {
  Metrics metrics;
  auto admin = Admin::Start("127.0.0.1:0", {}, {}, metrics, Log());
  ASSERT_TRUE(admin.ok());
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /")), 404);
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /livez/")), 404);
  const std::string post = Ask(**admin, "POST /livez");
  EXPECT_EQ(StatusIn(post), 405);
  EXPECT_NE(post.find("Allow: GET, HEAD\r\n"), std::string::npos);
}

// Before, a page whose name came to mean this machine (DNS rebinding) could read the metrics.
TEST(Admin, AnswersUnderNamesThatNobodyElseCanGiveItOnly) {
  Metrics metrics;
  auto admin = Admin::Start("127.0.0.1:0", {"store", "store.belfry.svc"}, {}, metrics, Log());
  ASSERT_TRUE(admin.ok());
  for (const std::string host :
       {"localhost", "LOCALHOST:7201", "x.localhost", "127.0.0.1", "127.0.0.1:7201", "[::1]:7201",
        "10.1.2.3:7201", "[2001:db8::1]", "store", "Store:7201", "store.belfry.svc:7201"}) {
    EXPECT_EQ(StatusIn(Ask(**admin, "GET /metrics", host)), 200) << host;
  }
  EXPECT_EQ(StatusIn(Ask(**admin, "GET /livez", MachineName())), 200);
  for (const std::string host : {"evil.example", "evil.example:7201", "127.0.0.1.evil.example",
                                 "localhost.evil.example", "store.evil.example", "edge"}) {
    for (const std::string path : {"/metrics", "/livez", "/readyz", "/"}) {
      const std::string refused = Ask(**admin, "GET " + path, host);
      EXPECT_EQ(StatusIn(refused), 421) << host;
      EXPECT_NE(refused.find("\"reason\":\"ADMIN_HOST\""), std::string::npos) << refused;
    }
  }
  RawClient old((*admin)->port());
  old.Send("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_EQ(StatusIn(old.ReadResponse()), 200) << "a proxy's check, and no browser's";
}

TEST(Admin, NamesAPortThatIsTaken) {
  Metrics metrics;
  auto first = Admin::Start("127.0.0.1:0", {}, {}, metrics, Log());
  ASSERT_TRUE(first.ok());
  const auto second =
      Admin::Start("127.0.0.1:" + std::to_string((*first)->port()), {}, {}, metrics, Log());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message,
              HasSubstr("Address already in use; \"ss -ltnp\" says by whom"));
}

}  // namespace
}  // namespace belfry::http
