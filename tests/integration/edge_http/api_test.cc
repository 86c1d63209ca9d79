// SPDX-License-Identifier: Apache-2.0
// The browser API over a socket, with a fake of the store behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/mutex.h"
#include "services/edge/api/api.h"
#include "tests/integration/edge_http/edge.h"

namespace belfry::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers what it was given and keeps what it was asked. The tests run one request at a time.
class FakeInbox final : public Inbox {
 public:
  void List(ListQuery query, OnList done) override {
    const MutexLock lock(mutex_);
    asked_ = std::move(query);
    done(error ? Result<ListPage>(Fail(*error)) : Result<ListPage>(page));
  }
  void Update(StateUpdate update, OnUpdated done) override {
    const MutexLock lock(mutex_);
    if (hold) {
      held_.push_back(std::move(done));
      return;
    }
    update_ = std::move(update);
    done(error ? Result<StateUpdated>(Fail(*error)) : Result<StateUpdated>(updated));
  }
  std::optional<ListQuery> TakeAsked() {
    const MutexLock lock(mutex_);
    return std::exchange(asked_, std::nullopt);
  }
  std::optional<StateUpdate> TakeUpdate() {
    const MutexLock lock(mutex_);
    return std::exchange(update_, std::nullopt);
  }
  std::size_t held() {
    const MutexLock lock(mutex_);
    return held_.size();
  }

  // Set while no request is under way.
  std::optional<Error> error;
  ListPage page;
  StateUpdated updated;
  bool hold = false;

 private:
  Mutex mutex_;
  std::optional<ListQuery> asked_ BELFRY_GUARDED_BY(mutex_);
  std::optional<StateUpdate> update_ BELFRY_GUARDED_BY(mutex_);
  std::vector<OnUpdated> held_ BELFRY_GUARDED_BY(mutex_);
};

struct Answer {
  std::string head;
  std::string body;
};

using Headers = std::vector<std::string>;

class ApiTest : public EdgeTest {
 protected:
  ApiTest() {
    inbox.page.counts = inbox.updated.counts = {
        .unread = 2, .unseen = 1, .by_kind = {{"comment.created", 2}}, .up_to = 17};
  }
  ~ApiTest() override { cores.reset(); }

  void StartApi() {
    options.cors_origins = api_options.cors_origins;
    api = std::make_unique<Api>(api_options, inbox, clock, metrics);
    Routes routes;
    api->AddTo(routes);
    Start(std::move(routes));
  }

  Answer Send(const std::string& method, const std::string& path, const std::string& body,
              const Headers& headers) {
    Client client;
    client.Open(cores->port(), RequestOf(method, path, body, headers));
    EXPECT_TRUE(client.ReadToEnd());
    return {client.head(), client.body()};
  }
  Answer Ask(const std::string& method, const std::string& path, const std::string& body = "",
             Headers headers = {}) {
    headers.push_back("Authorization: Bearer " + Token("alice"));
    return Send(method, path, body, headers);
  }
  static std::string RequestOf(const std::string& method, const std::string& path,
                               const std::string& body, const Headers& headers) {
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: bell\r\nConnection: close\r\n";
    for (const std::string& header : headers) {
      request += header + "\r\n";
    }
    if (!body.empty()) {
      request += "Content-Type: application/json\r\n";
    }
    if (method != "GET") {
      request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return request + "\r\n" + body;
  }

  static constexpr const char* kCounts =
      R"({"unreadCount":2,"unseenCount":1,"byKind":{"comment.created":2},"upTo":"17"})";

  FakeInbox inbox;
  ApiOptions api_options;
  std::unique_ptr<Api> api;
};

TEST_F(ApiTest, AListIsTheTokensUsersAndItsFiltersReachTheStore) {
  StartApi();
  inbox.page.next_before = 9;
  inbox.page.oldest_id = 3;
  const Answer answer = Ask(
      "GET", "/v1/notifications?limit=5&before=44&unread=true&archived=true&kind=a.&level=error");
  EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answer.body, R"({"notifications":[],"nextBefore":"9","oldestId":"3","counts":)" +
                             std::string(kCounts) + "}");
  const auto asked = inbox.TakeAsked();
  ASSERT_TRUE(asked);
  EXPECT_EQ(*asked, (ListQuery{.project = "demo",
                               .user_id = "alice",
                               .limit = 5,
                               .before = 44,
                               .unread = true,
                               .archived = true,
                               .kind = "a.",
                               .level = "error"}));
}

TEST_F(ApiTest, AListIsNotSentAgainToWhoHasIt) {
  StartApi();
  inbox.page.version = "v \"1\"";
  const Answer first = Ask("GET", "/v1/notifications");
  const std::size_t at = first.head.find("ETag: ") + 6;
  ASSERT_NE(at, std::string::npos + 6) << first.head;
  const std::string tag = first.head.substr(at, first.head.find("\r\n", at) - at);
  inbox.page.unchanged = true;
  inbox.TakeAsked();
  const Answer again = Ask("GET", "/v1/notifications", "", {"If-None-Match: W/" + tag});
  EXPECT_THAT(again.head, StartsWith("HTTP/1.1 304"));
  EXPECT_EQ(inbox.TakeAsked()->if_version, "v \"1\"");
  // Another user's tag is none.
  Send("GET", "/v1/notifications", "",
       {"If-None-Match: " + tag, "Authorization: Bearer " + Token("bob")});
  EXPECT_EQ(inbox.TakeAsked()->if_version, "");
}

TEST_F(ApiTest, CountsAndPreferencesAreAnswered) {
  StartApi();
  inbox.page.muted_kinds = {"digest."};
  EXPECT_EQ(Ask("GET", "/v1/counts").body, kCounts);
  EXPECT_EQ(inbox.TakeAsked()->limit, 0U);
  EXPECT_EQ(Ask("GET", "/v1/unread-count").body, kCounts);
  EXPECT_EQ(Ask("GET", "/v1/preferences").body, R"({"mutedKinds":["digest."]})");
}

TEST_F(ApiTest, EveryChangeReachesTheStoreAsWhatItIs) {
  StartApi();
  struct Row {
    const char* method;
    const char* path;
    const char* body;
    StateChange change;
  };
  const std::vector<Row> rows = {
      {"POST", "/v1/notifications/7/read", "", {.op = StateOp::kRead, .ids = {7}}},
      {"POST", "/v1/notifications/7/unread", "{}", {.op = StateOp::kUnread, .ids = {7}}},
      {"POST", "/v1/notifications/7/archive", "", {.op = StateOp::kArchive, .ids = {7}}},
      {"POST", "/v1/notifications/7/unarchive", "", {.op = StateOp::kUnarchive, .ids = {7}}},
      {"DELETE", "/v1/notifications/7", "", {.op = StateOp::kDelete, .ids = {7}}},
      {"POST",
       "/v1/notifications/read-all",
       R"({"upTo":"17","kind":"a."})",
       {.op = StateOp::kReadAll, .up_to = 17, .kind = "a."}},
      {"POST",
       "/v1/notifications/archive-all",
       R"({"upTo":17,"onlyRead":true})",
       {.op = StateOp::kArchiveAll, .up_to = 17, .only_read = true}},
      {"POST", "/v1/notifications/seen", R"({"upTo":"17"})", {.op = StateOp::kSeen, .up_to = 17}},
  };
  for (Row row : rows) {
    const Answer answer = Ask(row.method, row.path, row.body, {"Idempotency-Key: tab-1"});
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200")) << row.path << answer.body;
    EXPECT_EQ(answer.body, R"({"counts":)" + std::string(kCounts) + "}");
    row.change.operation = "tab-1";
    const auto update = inbox.TakeUpdate();
    ASSERT_TRUE(update) << row.path;
    EXPECT_EQ(*update, (StateUpdate{.project = "demo", .user_id = "alice", .change = row.change}));
  }
}

TEST_F(ApiTest, PreferencesAreAnsweredWithCounts) {
  StartApi();
  EXPECT_EQ(Ask("PUT", "/v1/preferences", R"({"mutedKinds":["digest."]})").body,
            R"({"mutedKinds":["digest."],"counts":)" + std::string(kCounts) + "}");
  EXPECT_THAT(inbox.TakeUpdate()->change.muted_kinds, ElementsAre("digest."));
}

TEST_F(ApiTest, BulkIsAnsweredItemByItem) {
  StartApi();
  inbox.updated.not_found = {8};
  EXPECT_EQ(Ask("POST", "/v1/notifications/bulk", R"({"op":"read","ids":["7","8"]})").body,
            R"({"results":[{"id":"7","status":200},{"id":"8","status":404}],"counts":)" +
                std::string(kCounts) + "}");
  EXPECT_THAT(inbox.TakeUpdate()->change.ids, ElementsAre(7, 8));
}

TEST_F(ApiTest, WhatIsNotTheUsersIsNotFound) {
  StartApi();
  inbox.updated.not_found = {7};
  EXPECT_THAT(Ask("POST", "/v1/notifications/7/read").head, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("POST", "/v1/notifications/seven/read").head, StartsWith("HTTP/1.1 404"));
  inbox.error = Error{Code::kNotFound, "no entry 7 of user alice", {}, {}, {}};
  EXPECT_THAT(Ask("GET", "/v1/notifications/7").head, StartsWith("HTTP/1.1 404"));
}

TEST_F(ApiTest, BadRequestsAreRefusedBeforeTheStore) {
  StartApi();
  const auto refused = [&](const Answer& answer, const char* status, const char* text) {
    EXPECT_THAT(answer.head, StartsWith(std::string("HTTP/1.1 ") + status)) << text;
    EXPECT_THAT(answer.head, HasSubstr("application/problem+json")) << text;
    EXPECT_THAT(answer.body, HasSubstr(text));
  };
  refused(Ask("POST", "/v1/notifications/read-all", "{}"), "400", "upTo");
  refused(Ask("POST", "/v1/notifications/read-all", R"({"upTo":"1","x":1})"), "400", "\"x\"");
  refused(Ask("POST", "/v1/notifications/seen", "{"), "400", "MALFORMED_JSON");
  refused(Ask("POST", "/v1/notifications/bulk", R"({"op":"eat","ids":[]})"), "400", "\"op\"");
  refused(Ask("GET", "/v1/notifications?limit=101&colour=red"), "400", "colour");
  refused(Ask("GET", "/v1/counts?limit=1"), "400", "unknown parameter");
  refused(
      Ask("POST", "/v1/notifications/7/read", "", {"Idempotency-Key: " + std::string(129, 'k')}),
      "400", "Idempotency-Key");
  refused(Ask("POST", "/v1/notifications/seen"), "415", "UNSUPPORTED_MEDIA_TYPE");
  refused(Ask("POST", "/v1/notifications/seen", std::string(16 * 1024 + 1, ' ')), "413",
          "BODY_TOO_LARGE");
  refused(Send("GET", "/v1/counts", "", {}), "401", "MISSING_CREDENTIALS");
  EXPECT_FALSE(inbox.TakeAsked());
  EXPECT_FALSE(inbox.TakeUpdate());
}

TEST_F(ApiTest, EveryRouteComparesTheUserAndTheProjectOfItsQueryAsTheStreamDoes) {
  StartApi();
  const std::pair<const char*, const char*> kRoutes[] = {
      {"GET", "/v1/notifications"},
      {"GET", "/v1/notifications/7"},
      {"GET", "/v1/counts"},
      {"GET", "/v1/unread-count"},
      {"GET", "/v1/preferences"},
      {"PUT", "/v1/preferences"},
      {"POST", "/v1/notifications/7/read"},
      {"POST", "/v1/notifications/7/unread"},
      {"POST", "/v1/notifications/7/archive"},
      {"POST", "/v1/notifications/7/unarchive"},
      {"DELETE", "/v1/notifications/7"},
      {"POST", "/v1/notifications/bulk"},
      {"POST", "/v1/notifications/read-all"},
      {"POST", "/v1/notifications/archive-all"},
      {"POST", "/v1/notifications/seen"},
      {"GET", "/v1/stream"},
  };
  for (const auto& [method, path] : kRoutes) {
    for (const auto& [query, reason] :
         {std::pair("userId=bob", "USER_MISMATCH"), std::pair("user_id=bob", "USER_MISMATCH"),
          std::pair("userId=alice&userId=bob", "USER_MISMATCH"),
          std::pair("projectId=other", "PROJECT_MISMATCH"),
          std::pair("project=demo&project=other", "PROJECT_MISMATCH")}) {
      const Answer answer = Ask(method, std::string(path) + "?" + query, "{}");
      EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 403")) << method << path << query;
      EXPECT_THAT(answer.body, HasSubstr(reason)) << method << path << query;
    }
  }
  EXPECT_FALSE(inbox.TakeAsked());
  EXPECT_FALSE(inbox.TakeUpdate());
}

TEST_F(ApiTest, AForeignPageMakesNoChangesByItsVisitorsCookie) {
  api_options.cors_origins = {"https://app.example.com"};
  StartApi();
  const std::string cookie = "Cookie: belfry_token=" + Token("alice");
  const auto change = [&](const Headers& more) {
    Headers headers = more;
    headers.push_back(cookie);
    return Send("POST", "/v1/notifications/7/read", "", headers);
  };
  const Answer foreign = change({"Origin: https://evil.example"});
  EXPECT_THAT(foreign.head, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(foreign.body, HasSubstr("CROSS_SITE"));
  EXPECT_THAT(change({}).body, HasSubstr("CROSS_SITE"));
  EXPECT_FALSE(inbox.TakeUpdate());
  EXPECT_THAT(change({"Origin: http://bell"}).head, StartsWith("HTTP/1.1 200"));
  const Answer allowed = change({"Origin: https://app.example.com"});
  EXPECT_THAT(allowed.head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(allowed.head, HasSubstr("Access-Control-Expose-Headers: ETag"));
  // A bearer token is not sent by a browser of its own accord.
  EXPECT_THAT(Ask("POST", "/v1/notifications/7/read", "", {"Origin: https://evil.example"}).head,
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ApiTest, AUserWhoAsksTooOftenWaits) {
  api_options.rate = {.per_second = 1, .burst = 2};
  StartApi();
  EXPECT_THAT(Ask("GET", "/v1/counts").head, HasSubstr("RateLimit: \"user\";r=1;"));
  EXPECT_THAT(Ask("GET", "/v1/counts").head, HasSubstr("RateLimit-Policy: \"user\";q=2;w=2"));
  Answer refused;
  ASSERT_TRUE(Eventually([&] {
    refused = Ask("GET", "/v1/counts");
    return refused.head.starts_with("HTTP/1.1 429");
  }));
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1"));
  EXPECT_THAT(refused.body, HasSubstr("RATE_LIMITED"));
  EXPECT_THAT(Send("GET", "/v1/counts", "", {"Authorization: Bearer " + Token("bob")}).head,
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ApiTest, TheStoresFailuresAreTheirStatusAndNotItsAddress) {
  StartApi();
  const auto ask = [&](Code code) {
    inbox.error = Error{code, "connect to 10.0.0.7: refused", {}, {}, {}};
    Answer answer = Ask("POST", "/v1/notifications/7/read");
    return answer;
  };
  const Answer gone = ask(Code::kUnavailable);
  EXPECT_THAT(gone.head, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(gone.head, HasSubstr("Retry-After: "));
  EXPECT_THAT(gone.body, Not(HasSubstr("10.0.0.7")));
  EXPECT_THAT(ask(Code::kDeadlineExceeded).head, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(ask(Code::kResourceExhausted).head, StartsWith("HTTP/1.1 429"));
  EXPECT_THAT(ask(Code::kInternal).head, StartsWith("HTTP/1.1 500"));
  EXPECT_EQ(Metric("belfry_edge_api_requests_total{code=\"503\",route="
                   "\"POST /v1/notifications/{id}/read\"}"),
            2);
}

TEST_F(ApiTest, CallsToTheStoreAreBounded) {
  api_options.calls_max = 1;
  StartApi();
  inbox.hold = true;
  Client waits;
  waits.Open(cores->port(), RequestOf("POST", "/v1/notifications/7/read", "",
                                      {"Authorization: Bearer " + Token("alice")}));
  ASSERT_TRUE(Eventually([&] { return inbox.held() == 1; }));
  const Answer refused = Ask("GET", "/v1/counts");
  EXPECT_THAT(refused.head, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused.body, HasSubstr("OVERLOADED"));
}

}  // namespace
}  // namespace belfry::edge
