// SPDX-License-Identifier: Apache-2.0
// An inbox on two tabs, over real processes: what one tab does, the other sees, with counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/producer.h"

namespace belfry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// One stream, read as raw text.
class Tab {
 public:
  Tab(Cluster& cluster, const std::string& user, const std::string& cursor = {}) {
    auto socket = Connect(cluster.edge().serves(), kPatience);
    EXPECT_TRUE(socket.ok());
    socket_ = std::move(*socket);
    std::string request = "GET /v1/stream HTTP/1.1\r\nHost: bell\r\nAuthorization: Bearer " +
                          cluster.Token(user) + "\r\n";
    if (!cursor.empty()) {
      request += "Last-Event-ID: " + cursor + "\r\n";
    }
    EXPECT_TRUE(SendAll(socket_, request + "\r\n", kPatience).ok());
  }
  // Waits until `text` has come, since the last call that found something.
  bool Sees(const std::string& text) {
    while (seen_.find(text) == std::string::npos) {
      const std::string more = ReadUntil(socket_, "\n\n", kPatience);
      if (more.empty()) {
        ADD_FAILURE() << text << " did not come after " << seen_;
        return false;
      }
      seen_ += more;
    }
    seen_.erase(0, seen_.find(text) + text.size());
    return true;
  }

 private:
  Socket socket_;
  std::string seen_;
};

class InboxTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.Start());
    producer_ = std::make_unique<Producer>(cluster_.IngestEndpoint(), Cluster::kProject,
                                           cluster_.api_key());
  }

  std::string Notify(const std::string& tag) {
    const Publish sent = producer_->SendOne({"alice", tag}, kPatience);
    EXPECT_EQ(sent.ids.size(), 1U);
    return sent.ids.empty() ? "" : std::to_string(sent.ids.front());
  }
  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::string& user = "alice") {
    auto answer =
        Exchange(cluster_.edge().serves(),
                 method + " " + path +
                     " HTTP/1.1\r\nHost: bell\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nAuthorization: Bearer " +
                     cluster_.Token(user) + "\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body);
    EXPECT_TRUE(answer.ok()) << path;
    return answer.ok() ? *answer : HttpAnswer();
  }
  // Of the first member of that name, a string.
  static std::string ValueOf(const std::string& json, const std::string& name) {
    const std::string begin = "\"" + name + "\":\"";
    const std::size_t at = json.find(begin);
    EXPECT_NE(at, std::string::npos) << json;
    return json.substr(at + begin.size(), json.find('"', at + begin.size()) - at - begin.size());
  }
  static std::string Unread(int count) {
    return R"("counts":{"unreadCount":)" + std::to_string(count) + ",";
  }

  Cluster cluster_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(InboxTest, WhatOneTabDoesTheOtherSeesAndAReconnectRestores) {
  const std::string first = Notify("first");
  Tab tab(cluster_, "alice");
  ASSERT_TRUE(tab.Sees(Unread(1)));
  const std::string second = Notify("second");
  const std::string third = Notify("third");
  ASSERT_TRUE(tab.Sees(R"("title":"third")"));

  const std::string list = Ask("GET", "/v1/notifications?limit=2").body;
  EXPECT_THAT(list, HasSubstr(R"("title":"third")"));
  EXPECT_THAT(list, HasSubstr(R"("title":"second")"));
  const std::string next = ValueOf(list, "nextBefore");
  const std::string older = Ask("GET", "/v1/notifications?limit=2&before=" + next).body;
  EXPECT_THAT(older, HasSubstr(R"({"notifications":[{"id":")" + first + '"'));
  EXPECT_THAT(older, HasSubstr(R"("nextBefore":null)"));
  EXPECT_THAT(list, HasSubstr(Unread(3)));

  EXPECT_THAT(Ask("POST", "/v1/notifications/" + first + "/read").body, HasSubstr(Unread(2)));
  EXPECT_TRUE(tab.Sees(R"({"op":"read","ids":[")" + first + R"("],)"));
  EXPECT_TRUE(tab.Sees(Unread(2)));
  EXPECT_THAT(Ask("GET", "/v1/notifications/" + first).body, HasSubstr(R"("readAt":")"));
  EXPECT_THAT(Ask("GET", "/v1/notifications?unread=true").body, Not(HasSubstr("first")));

  EXPECT_THAT(Ask("POST", "/v1/notifications/seen", R"({"upTo":")" + second + R"("})").body,
              HasSubstr(R"("unseenCount":1,)"));
  EXPECT_TRUE(tab.Sees(R"({"op":"seen","upTo":")" + second + '"'));
  EXPECT_EQ(Ask("POST", "/v1/notifications/" + second + "/archive").status, 200);
  EXPECT_TRUE(tab.Sees(R"({"op":"archive")"));
  EXPECT_TRUE(tab.Sees(Unread(1)));
  EXPECT_THAT(Ask("GET", "/v1/notifications?archived=true").body, HasSubstr("second"));

  const std::string all = R"({"upTo":")" + third + R"("})";
  EXPECT_THAT(Ask("POST", "/v1/notifications/read-all", all).body, HasSubstr(Unread(0)));
  EXPECT_TRUE(tab.Sees(R"({"op":"read_all","upTo":")" + third + '"'));
  EXPECT_TRUE(tab.Sees(Unread(0)));
  EXPECT_THAT(
      Ask("POST", "/v1/notifications/bulk", R"({"op":"unread","ids":[")" + first + R"(","7"]})")
          .body,
      HasSubstr(R"({"id":"7","status":404}],)" + Unread(1)));
  EXPECT_TRUE(tab.Sees(Unread(1)));
  EXPECT_THAT(Ask("DELETE", "/v1/notifications/" + first).body, HasSubstr(Unread(0)));
  EXPECT_TRUE(tab.Sees(R"({"op":"delete")"));
  EXPECT_EQ(Ask("GET", "/v1/notifications/" + first).status, 404);
  EXPECT_EQ(Ask("GET", "/v1/notifications/" + third, {}, "bob").status, 404);
  EXPECT_EQ(Ask("POST", "/v1/notifications/" + third + "/read", {}, "bob").status, 404);

  // Who was away since the second is told all that was done, in its order.
  Tab back(cluster_, "alice", third);
  EXPECT_TRUE(back.Sees("event: connected"));
  for (const char* op : {"read", "seen", "archive", "read_all", "unread", "delete"}) {
    EXPECT_TRUE(back.Sees(R"({"op":")" + std::string(op) + '"'));
  }
}

TEST_F(InboxTest, PreferencesAreTheUsersAndReachTheirStreams) {
  Tab tab(cluster_, "alice");
  ASSERT_TRUE(tab.Sees("event: connected"));
  EXPECT_THAT(Ask("PUT", "/v1/preferences", R"({"mutedKinds":["digest."]})").body,
              HasSubstr(R"("mutedKinds":["digest."])"));
  EXPECT_TRUE(tab.Sees(R"({"op":"preferences","mutedKinds":["digest."],)"));
  EXPECT_EQ(Ask("GET", "/v1/preferences").body, R"({"mutedKinds":["digest."]})");
  EXPECT_EQ(Ask("GET", "/v1/preferences", {}, "bob").body, R"({"mutedKinds":[]})");
}

TEST_F(InboxTest, AListIsNotSentAgainUntilItHasChanged) {
  const std::string first = Notify("first");
  const HttpAnswer list = Ask("GET", "/v1/notifications");
  const std::string tag = list.headers.at("etag");
  const std::string headers =
      "Authorization: Bearer " + cluster_.Token("alice") + "\r\nIf-None-Match: " + tag + "\r\n";
  EXPECT_EQ(Get(cluster_.edge().serves(), "/v1/notifications", headers)->status, 304);
  Ask("POST", "/v1/notifications/" + first + "/read");
  EXPECT_EQ(Get(cluster_.edge().serves(), "/v1/notifications", headers)->status, 200);
}

TEST_F(InboxTest, WithoutTheStoreTheApiSaysSo) {
  cluster_.store().Kill();
  const HttpAnswer answer = Ask("GET", "/v1/counts");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("STORE_UNAVAILABLE"));
  EXPECT_TRUE(answer.headers.contains("retry-after"));
}

}  // namespace
}  // namespace belfry::test
