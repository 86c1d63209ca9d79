// SPDX-License-Identifier: Apache-2.0
// A backend publishes, reads its users' inboxes and changes them, through the real binaries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/cluster/cluster.h"

namespace belfry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BackendInbox : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(cluster_.Start()); }

  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body,
                 const std::string& more = {}) {
    const std::string request =
        method + " " + path + " HTTP/1.1\r\nHost: belfry\r\nConnection: close\r\n" +
        "Authorization: Bearer " + cluster_.api_key() + "\r\n" +
        "Content-Type: application/json\r\n" + more +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    auto answer = Exchange(cluster_.ingest_http(), request);
    EXPECT_TRUE(answer.ok()) << path << ": " << answer.error().ToString();
    return answer.ok() ? *answer : HttpAnswer();
  }
  HttpAnswer Notify(const std::string& body, const std::string& more = {}) {
    return Ask("POST", "/v1/notify", body, more);
  }
  std::string List(const std::string& user) {
    return Ask("GET", "/v1/users/" + user + "/notifications", "").body;
  }
  std::string Counts(const std::string& user) {
    return Ask("GET", "/v1/users/" + user + "/counts", "").body;
  }
  // The first id in an answer.
  static std::string IdIn(const std::string& body) {
    const std::size_t at = body.find("\"id\":\"");
    return at == std::string::npos ? "" : body.substr(at + 6, body.find('"', at + 6) - at - 6);
  }

  Cluster cluster_;
};

TEST_F(BackendInbox, ACollapseKeyReplacesInListAndCount) {
  constexpr char kFirst[] =
      R"({"userId":"alice","title":"1 comment","kind":"comment.created","collapseKey":"doc 7"})";
  constexpr char kSecond[] =
      R"({"userId":"alice","title":"2 comments","kind":"comment.created","collapseKey":"doc 7"})";
  const std::string first = IdIn(Notify(kFirst).body);
  const HttpAnswer second = Notify(kSecond);
  ASSERT_EQ(second.status, 201) << second.body;
  const std::string list = List("alice");
  EXPECT_THAT(list, HasSubstr("2 comments"));
  EXPECT_THAT(list, Not(HasSubstr("1 comment\"")));
  EXPECT_THAT(list, HasSubstr("\"replaces\":\"" + first + "\""));
  EXPECT_THAT(list, HasSubstr("\"collapsedCount\":1"));
  EXPECT_THAT(Counts("alice"),
              HasSubstr(R"("unreadCount":1,"unseenCount":1,"byKind":{"comment.created":1})"));
}

TEST_F(BackendInbox, WhatIsReadRetractedOrOfAnotherUserDoesNotCount) {
  const std::string read = IdIn(Notify(R"({"userId":"alice","title":"read"})").body);
  const std::string taken = IdIn(Notify(R"({"userId":"alice","title":"taken back"})").body);
  Notify(R"({"userId":"alice","title":"by key"})", "Idempotency-Key: k\r\n");
  Notify(R"({"userIds":["alice","bob"],"title":"both"})");
  EXPECT_THAT(Counts("alice"), HasSubstr("\"unreadCount\":4"));

  const std::string base = "/v1/users/alice/notifications/";
  EXPECT_THAT(Ask("POST", base + read + "/read", "").body, HasSubstr("\"unreadCount\":3"));
  EXPECT_EQ(Ask("POST", "/v1/users/bob/notifications/" + read + "/read", "").status, 404);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"userId":"alice","id":")" + taken + "\"}").status, 200);
  EXPECT_EQ(Ask("GET", base + taken, "").status, 404);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"k"})").status, 200);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"never"})").status, 404);
  const std::string list = List("alice");
  EXPECT_THAT(list, HasSubstr("\"unreadCount\":1"));
  EXPECT_THAT(list, HasSubstr("\"readAt\""));
  EXPECT_THAT(list, Not(HasSubstr("taken back")));
  EXPECT_THAT(list, Not(HasSubstr("by key")));

  const std::string newest = IdIn(list);
  EXPECT_THAT(Ask("POST", "/v1/users/alice/read-all", R"({"upTo":")" + newest + "\"}").body,
              HasSubstr("\"unreadCount\":0"));
  EXPECT_THAT(Counts("bob"), HasSubstr("\"unreadCount\":1"));
}

TEST_F(BackendInbox, AMutedKindIsSuppressed) {
  EXPECT_EQ(Ask("PUT", "/v1/users/alice/preferences", R"({"mutedKinds":["digest."]})").status, 200);
  EXPECT_EQ(Ask("GET", "/v1/users/alice/preferences", "").body, R"({"mutedKinds":["digest."]})");
  const HttpAnswer muted = Notify(R"({"userId":"alice","title":"Digest","kind":"digest.daily"})");
  EXPECT_EQ(muted.status, 200);
  EXPECT_EQ(muted.body, R"({"suppressed":true,"duplicate":false})");
  EXPECT_THAT(Counts("alice"), HasSubstr("\"unreadCount\":0"));
}

}  // namespace
}  // namespace belfry::test
