// SPDX-License-Identifier: Apache-2.0
// Users, segments, a notification to a segment, exclusion and erasure, through the real binaries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/stored_logs.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kMembers = 2'000;

class Audience : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(cluster_.Start()); }

  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::string& more = {}, const std::string& key = {}) {
    const std::string request =
        method + " " + path + " HTTP/1.1\r\nHost: belfry\r\nConnection: close\r\n" +
        "Authorization: Bearer " + (key.empty() ? cluster_.api_key() : key) + "\r\n" +
        "Content-Type: application/json\r\n" + more +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    auto answer = Exchange(cluster_.ingest_http(), request, kPatience);
    EXPECT_TRUE(answer.ok()) << path << ": " << answer.error().ToString();
    return answer.ok() ? *answer : HttpAnswer();
  }
  std::string List(const std::string& user) {
    return Ask("GET", "/v1/users/" + user + "/notifications").body;
  }
  int Unread(const std::string& user) {
    const std::string counts = Ask("GET", "/v1/users/" + user + "/counts").body;
    const std::string begin = "\"unreadCount\":";
    const std::size_t at = counts.find(begin);
    return at == std::string::npos ? -1 : std::stoi(counts.substr(at + begin.size()));
  }
  // Of the first member of that name, a string.
  static std::string ValueOf(const std::string& json, const std::string& name) {
    const std::string begin = "\"" + name + "\":\"";
    const std::size_t at = json.find(begin);
    const std::size_t value = at + begin.size();
    return at == std::string::npos ? "" : json.substr(value, json.find('"', value) - value);
  }
  // The operation once it has ended; progress never goes back.
  std::string Ended(const std::string& operation_id) {
    std::string operation;
    EXPECT_TRUE(WaitUntil(
        [&] {
          operation = Ask("GET", "/v1/operations/" + operation_id).body;
          return !operation.empty() && ValueOf(operation, "state") != "running";
        },
        kPatience))
        << operation;
    return operation;
  }
  // Makes the segment "crowd" of user 0, user 1, ...
  void MakeCrowd(int members) {
    ASSERT_EQ(Ask("PUT", "/v1/segments/crowd").status, 201);
    for (int begin = 0; begin < members; begin += 1'000) {
      std::string ids;
      for (int i = begin; i < std::min(members, begin + 1'000); ++i) {
        ids += (ids.empty() ? "\"" : ",\"") + User(i) + "\"";
      }
      HttpAnswer added;
      // A fast machine meets the key's rate: each user takes a token.
      ASSERT_TRUE(WaitUntil(
          [&] {
            added = Ask("POST", "/v1/segments/crowd/add", "{\"userIds\":[" + ids + "]}");
            return added.status != 429;
          },
          kPatience));
      ASSERT_EQ(added.status, 200) << added.body;
    }
  }
  static std::string User(int i) { return "user-" + std::to_string(i); }

  Cluster cluster_;
};

TEST_F(Audience, AttributesAreSegments) {
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", R"({"attributes":{"plan":"pro","seats":5}})").status,
            200);
  EXPECT_EQ(Ask("POST", "/v1/users/bulk",
                R"({"users":[{"userId":"bob","attributes":{"plan":"pro","role":"admin"}},)"
                R"({"userId":"carol","attributes":{"plan":"free","role":"admin"}}]})")
                .status,
            200);
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta").status, 201);
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta").status, 200);
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/add", R"({"userIds":["alice","bob"]})").body,
            R"({"members":2})");
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/add", R"({"userIds":["bob"]})").body,
            R"({"members":2})");
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/remove", R"({"userIds":["alice"]})").body,
            R"({"members":1})");
  EXPECT_EQ(Ask("GET", "/v1/users/bob").body,
            R"({"userId":"bob","attributes":{"plan":"pro","role":"admin"},"segments":["beta"]})");
  EXPECT_EQ(Ask("GET", "/v1/segments/plan%3Apro/members").body,
            R"({"userIds":["alice","bob"],"nextAfter":null})");
  EXPECT_EQ(Ask("GET", "/v1/segments/plan%3Apro/members?limit=1").body,
            R"({"userIds":["alice"],"nextAfter":"alice"})");
  EXPECT_EQ(Ask("GET", "/v1/segments/plan%3Apro/members?limit=1&after=alice").body,
            R"({"userIds":["bob"],"nextAfter":null})");
  EXPECT_THAT(Ask("GET", "/v1/segments").body, HasSubstr(R"({"segment":"beta","members":1})"));
  EXPECT_THAT(Ask("GET", "/v1/users?limit=2").body, HasSubstr(R"("nextAfter":"bob")"));

  // Only bob is in both, and an attribute that is set anew leaves its segment.
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", R"({"attributes":{"plan":"free"}})").status, 200);
  const HttpAnswer both =
      Ask("POST", "/v1/notify", R"({"segment":"role:admin,plan:pro","title":"both"})");
  EXPECT_EQ(both.status, 202) << both.body;
  EXPECT_THAT(Ended(ValueOf(both.body, "operationId")), HasSubstr(R"("state":"done")"));
  EXPECT_EQ(Unread("alice"), 0);
  EXPECT_EQ(Unread("bob"), 1);
  EXPECT_EQ(Unread("carol"), 0);
  EXPECT_EQ(Ask("DELETE", "/v1/segments/beta").status, 204);
  EXPECT_EQ(Ask("DELETE", "/v1/segments/beta").status, 404);
}

TEST_F(Audience, ASegmentIsNotifiedOnceEachButForTheExcluded) {
  MakeCrowd(kMembers);
  constexpr char kBody[] =
      R"({"segment":"crowd","title":"Hello","kind":"a.b","excludeUserIds":["user-7","stranger"]})";
  const HttpAnswer first = Ask("POST", "/v1/notify", kBody, "Idempotency-Key: k\r\n");
  ASSERT_EQ(first.status, 202) << first.body;
  const std::string id = ValueOf(first.body, "operationId");
  // Who comes later is not notified, who leaves is.
  EXPECT_EQ(Ask("POST", "/v1/segments/crowd/add", R"({"userIds":["late"]})").status, 200);
  EXPECT_EQ(Ask("POST", "/v1/segments/crowd/remove", R"({"userIds":["user-1999"]})").status, 200);
  const HttpAnswer again = Ask("POST", "/v1/notify", kBody, "Idempotency-Key: k\r\n");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(ValueOf(again.body, "operationId"), id);
  EXPECT_THAT(again.body, HasSubstr(R"("duplicate":true)"));
  EXPECT_EQ(again.headers.count("idempotent-replayed"), 1U);
  EXPECT_EQ(Ask("POST", "/v1/notify", R"({"segment":"crowd","title":"Hello","kind":"a.b"})",
                "Idempotency-Key: k\r\n")
                .status,
            422);

  const std::string done = Ended(id);
  EXPECT_THAT(done, HasSubstr(R"("state":"done")"));
  EXPECT_THAT(done, HasSubstr(R"("failed":0)"));
  for (int i = 0; i < kMembers; i += 1 + i / 8) {
    EXPECT_EQ(Unread(User(i)), i == 7 ? 0 : 1) << i;
  }
  EXPECT_EQ(Unread("user-1999"), 1);
  EXPECT_EQ(Unread("late"), 0);
  EXPECT_EQ(Unread("stranger"), 0);
}

TEST_F(Audience, AHundredThousandAreNotifiedOnceWhateverIsKilledMeanwhile) {
  constexpr int kCrowd = 100'000;
  MakeCrowd(kCrowd);
  constexpr char kBody[] = R"({"segment":"crowd","title":"Hello","kind":"a.b"})";
  const HttpAnswer first = Ask("POST", "/v1/notify", kBody, "Idempotency-Key: k\r\n");
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_THAT(first.body, HasSubstr(R"("recipients":100000)"));
  const std::string id = ValueOf(first.body, "operationId");
  for (int kill = 0; kill < 3; ++kill) {
    const std::string before = Ask("GET", "/v1/operations/" + id).body;
    ASSERT_TRUE(
        WaitUntil([&] { return Ask("GET", "/v1/operations/" + id).body != before; }, kPatience));
    cluster_.store().Kill();
    cluster_.store().Start();
    ASSERT_TRUE(cluster_.store().WaitReady() && cluster_.ingest().WaitReady());
  }
  EXPECT_THAT(Ended(id), HasSubstr(R"("state":"done")"));
  const auto logs = ReadStoredLogs(cluster_.store().serves(), kPatience);
  ASSERT_TRUE(logs.ok()) << logs.error().ToString();
  std::map<std::string, int> told;
  for (const StoredLog& log : *logs) {
    for (const Stored& entry : log.entries) {
      told[entry.user_id] += entry.kind == "a.b" ? 1 : 0;
    }
  }
  EXPECT_EQ(told.size(), std::size_t{kCrowd});
  EXPECT_TRUE(
      std::all_of(told.begin(), told.end(), [](const auto& one) { return one.second == 1; }));
}

TEST_F(Audience, ABroadcastLeavesOutTheExcluded) {
  for (const char* user : {"alice", "bob"}) {
    EXPECT_EQ(Ask("PUT", std::string("/v1/users/") + user, R"({"attributes":{}})").status, 200);
  }
  EXPECT_EQ(
      Ask("POST", "/v1/notify", R"({"broadcast":true,"title":"to most","excludeUserIds":["bob"]})")
          .status,
      201);
  EXPECT_THAT(List("alice"), HasSubstr("to most"));
  EXPECT_EQ(Unread("alice"), 1);
  EXPECT_THAT(List("bob"), Not(HasSubstr("to most")));
  EXPECT_EQ(Unread("bob"), 0);
}

TEST_F(Audience, AnErasedUserIsGoneAndMayComeAgain) {
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", R"({"attributes":{"plan":"pro"}})").status, 200);
  constexpr char kBody[] = R"({"userId":"alice","title":"a secret"})";
  const HttpAnswer first = Ask("POST", "/v1/notify", kBody, "Idempotency-Key: k\r\n");
  ASSERT_EQ(first.status, 201);

  auto stream = Connect(cluster_.edge().serves(), kPatience);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(SendAll(*stream,
                      "GET /v1/stream HTTP/1.1\r\nHost: bell\r\nAuthorization: Bearer " +
                          cluster_.Token("alice") + "\r\n\r\n",
                      kPatience)
                  .ok());
  EXPECT_THAT(ReadUntil(*stream, "event: connected", kPatience), HasSubstr("connected"));

  const HttpAnswer erased = Ask("DELETE", "/v1/users/alice");
  ASSERT_EQ(erased.status, 202) << erased.body;
  EXPECT_THAT(List("alice"), HasSubstr(R"("notifications":[])"));
  EXPECT_EQ(Unread("alice"), 0);
  EXPECT_THAT(ReadUntil(*stream, "event: reset", kPatience), HasSubstr("event: reset"));
  EXPECT_THAT(Ended(ValueOf(erased.body, "operationId")), HasSubstr(R"("state":"done")"));
  const HttpAnswer unknown = Ask("GET", "/v1/users/alice");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("USER_UNKNOWN"));
  EXPECT_THAT(Ask("GET", "/v1/segments/plan%3Apro/members").body, Not(HasSubstr("alice")));
  EXPECT_EQ(Ask("GET", "/v1/users/alice/notifications/" + ValueOf(first.body, "id")).status, 404);

  const HttpAnswer again = Ask("POST", "/v1/notify", kBody, "Idempotency-Key: k\r\n");
  EXPECT_EQ(again.status, 201);
  EXPECT_THAT(again.body, HasSubstr(R"("duplicate":false)"));
  EXPECT_EQ(Unread("alice"), 1);
}

TEST_F(Audience, RefusesWhatIsWrongForbiddenOrUnknown) {
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", R"({"attributes":{"plan":"a,b"}})").status, 400);
  EXPECT_EQ(Ask("PUT", "/v1/segments/a%20b").status, 400);
  EXPECT_EQ(Ask("POST", "/v1/notify", R"({"segment":"a,","title":"t"})").status, 400);
  const std::string& other = cluster_.rival_api_key();
  for (const char* path : {"/v1/users", "/v1/users/alice", "/v1/segments"}) {
    EXPECT_EQ(Ask("GET", path, {}, {}, cluster_.notify_key()).status, 403) << path;
    EXPECT_EQ(Ask("GET", path, {}, {}, other).status, 403) << path;
  }
  EXPECT_EQ(Ask("DELETE", "/v1/users/alice", {}, {}, cluster_.notify_key()).status, 403);
  EXPECT_EQ(
      Ask("POST", "/v1/notify", R"({"segment":"a","title":"t"})", {}, cluster_.notify_key()).status,
      403);
  for (const auto& [path, reason] : {std::pair("/v1/users/nobody", "USER_UNKNOWN"),
                                     {"/v1/segments/none/members", "SEGMENT_UNKNOWN"},
                                     {"/v1/operations/7", "OPERATION_UNKNOWN"}}) {
    const HttpAnswer answer = Ask("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr(reason));
  }
  EXPECT_EQ(Ask("POST", "/v1/segments/none/add", R"({"userIds":["a"]})").status, 404);
  // Another project's operation is none.
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta").status, 201);
  const HttpAnswer begun = Ask("POST", "/v1/notify", R"({"segment":"beta","title":"t"})");
  ASSERT_EQ(begun.status, 202) << begun.body;
  EXPECT_EQ(
      Ask("GET", "/v1/operations/" + ValueOf(begun.body, "operationId"), {}, {}, other).status,
      404);
}

}  // namespace
}  // namespace belfry::test
