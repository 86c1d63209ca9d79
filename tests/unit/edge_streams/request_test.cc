// SPDX-License-Identifier: Apache-2.0
// What a request for a stream must say, who may read the answer, and whose request it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "services/edge/http/client_address.h"
#include "services/edge/http/cors.h"
#include "services/edge/http/routes.h"
#include "services/edge/http/stream_request.h"

namespace belfry::edge {
namespace {

using http::Method;
using http::Request;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

// Tokens are their own meaning: "alice", "alice.ticket", anything with "bad" is refused.
class FakeVerifier final : public wire::JwtVerifier {
 public:
  Result<wire::Identity> Verify(std::string_view token, std::int64_t) const override {
    if (token.find("bad") != std::string_view::npos) {
      return Fail(Code::kUnauthenticated, "signature does not match", "TOKEN_SIGNATURE");
    }
    wire::Identity identity;
    identity.project = "demo";
    identity.user_id = token.substr(0, token.find('.'));
    identity.ticket = token.ends_with(".ticket");
    identity.expires_s = 100;
    return identity;
  }
  bool HasKey(std::uint64_t) const override { return true; }
};

Request With(std::vector<std::pair<std::string, std::string>> headers,
             std::vector<std::pair<std::string, std::string>> query = {}) {
  Request request;
  request.path = "/v1/stream";
  request.headers = std::move(headers);
  request.query = std::move(query);
  return request;
}

std::string ReasonOf(const Request& request, bool tickets = true) {
  const auto identity = Authenticate(request, FakeVerifier(), 0, tickets);
  return identity.ok() ? "ok " + identity->user_id : identity.error().reason;
}

TEST(Authenticate, TakesCookieHeaderOrTicket) {
  EXPECT_EQ(ReasonOf(With({{"Cookie", "a=b; belfry_token=alice"}})), "ok alice");
  EXPECT_EQ(ReasonOf(With({{"Authorization", "Bearer alice"}})), "ok alice");
  EXPECT_EQ(ReasonOf(With({{"authorization", "bearer alice"}})), "ok alice");
  EXPECT_EQ(ReasonOf(With({}, {{"ticket", "alice.ticket"}})), "ok alice");
}

TEST(Authenticate, WhatTheClientSaysForThisRequestBeatsTheCookie) {
  EXPECT_EQ(ReasonOf(With({{"Cookie", "belfry_token=bob"}, {"Authorization", "Bearer alice"}})),
            "ok alice");
  EXPECT_EQ(ReasonOf(With({{"Cookie", "belfry_token=bob"}}, {{"ticket", "alice.ticket"}})),
            "ok alice");
  EXPECT_EQ(ReasonOf(With({{"Authorization", "Bearer alice"}}, {{"ticket", "bob.ticket"}})),
            "ok alice");
  // And a wrong one is refused, not passed over.
  EXPECT_EQ(ReasonOf(With({{"Cookie", "belfry_token=bob"}, {"Authorization", "Bearer bad"}})),
            "TOKEN_SIGNATURE");
}

TEST(Authenticate, NamesWhatIsWrong) {
  EXPECT_EQ(ReasonOf(With({})), "MISSING_CREDENTIALS");
  EXPECT_EQ(ReasonOf(With({{"Authorization", "Basic YTpi"}})), "MALFORMED_CREDENTIALS");
  EXPECT_EQ(ReasonOf(With({{"Authorization", "Bearer bad"}})), "TOKEN_SIGNATURE");
  EXPECT_EQ(ReasonOf(With({}, {{"ticket", "alice"}})), "TOKEN_IN_URL");
  EXPECT_EQ(ReasonOf(With({}, {{"token", "alice"}})), "TOKEN_IN_URL");
  EXPECT_EQ(ReasonOf(With({{"Cookie", "belfry_token=alice"}}, {{"access_token", "x"}})),
            "TOKEN_IN_URL");
  EXPECT_EQ(ReasonOf(With({{"Authorization", "Bearer alice.ticket"}})), "TICKET_MISPLACED");
  EXPECT_EQ(ReasonOf(With({{"Cookie", "belfry_token=alice.ticket"}})), "TICKET_MISPLACED");
  EXPECT_EQ(ReasonOf(With({}, {{"ticket", "alice.ticket"}}), false), "TICKET_MISPLACED");
}

TEST(Authenticate, TheUserOfTheQueryIsNeverTrusted) {
  const std::pair<std::string, std::string> cookie = {"Cookie", "belfry_token=alice"};
  EXPECT_EQ(ReasonOf(With({cookie}, {{"userId", "alice"}})), "ok alice");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"userId", "bob"}})), "USER_MISMATCH");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"user", "bob"}})), "USER_MISMATCH");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"projectId", "demo"}})), "ok alice");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"projectId", "other"}})), "PROJECT_MISMATCH");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"userId", "alice"}, {"userId", "bob"}})), "USER_MISMATCH");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"project", "demo"}, {"project", "other"}})),
            "PROJECT_MISMATCH");
  EXPECT_EQ(ReasonOf(With({cookie}, {{"userId", ""}})), "USER_MISMATCH");
  const auto refused = Authenticate(With({cookie}, {{"userId", "bob"}}), FakeVerifier(), 0, true);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
}

std::optional<EntryId> CursorOf(const Request& request) {
  const auto cursor = ParseCursor(request);
  EXPECT_TRUE(cursor.ok());
  return cursor.ok() ? *cursor : std::nullopt;
}

TEST(ParseCursor, TheHeaderBeatsTheQueryAndEmptyIsNone) {
  EXPECT_EQ(CursorOf(With({})), std::nullopt);
  EXPECT_EQ(CursorOf(With({{"Last-Event-ID", "7"}}, {{"last_event_id", "8"}})), 7U);
  EXPECT_EQ(CursorOf(With({{"last-event-id", ""}}, {{"last_event_id", "8"}})), 8U);
  EXPECT_EQ(CursorOf(With({}, {{"lastEventId", "9"}})), 9U);
  EXPECT_EQ(CursorOf(With({}, {{"last_event_id", ""}, {"lastEventId", "9"}})), 9U);
  EXPECT_EQ(CursorOf(With({}, {{"last_event_id", ""}})), std::nullopt);
  EXPECT_EQ(CursorOf(With({{"Last-Event-ID", "0"}})), 0U);
  EXPECT_EQ(CursorOf(With({{"Last-Event-ID", "00012"}})), 12U);
}

TEST(ParseCursor, ANumberTooLargeForAnIdLiesAhead) {
  EXPECT_EQ(CursorOf(With({{"Last-Event-ID", "18446744073709551615"}})),
            std::numeric_limits<EntryId>::max());
  EXPECT_EQ(CursorOf(With({{"Last-Event-ID", "99999999999999999999"}})),
            std::numeric_limits<EntryId>::max());
}

TEST(ParseCursor, AMalformedOneIsNamed) {
  for (const char* text : {"-1", "+1", "1.5", "abc", "12a", " 12", "0x1f", "1e5",
                           "100000000000000000000", "\xF0\x9F\x94\x94"}) {
    const auto cursor = ParseCursor(With({}, {{"lastEventId", text}}));
    ASSERT_FALSE(cursor.ok()) << text;
    EXPECT_EQ(cursor.error().code, Code::kInvalidArgument);
    EXPECT_EQ(cursor.error().violations.at(0).field, "lastEventId");
  }
  EXPECT_FALSE(ParseCursor(With({{"Last-Event-ID", "x"}}, {{"last_event_id", "5"}})).ok());
}

TEST(ParseStreamQuery, TakesBatchMsWithinItsBounds) {
  const std::pair<std::string, std::string> cookie = {"Cookie", "belfry_token=alice"};
  const auto batch = [&](const std::string& text) {
    return ParseStreamQuery(With({cookie}, {{"batch_ms", text}}), FakeVerifier(), 0);
  };
  EXPECT_EQ(batch("0")->batch.count(), 0);
  EXPECT_EQ(batch("5000")->batch.count(), 5'000);
  for (const char* text : {"", "-1", "5001", "1.5", "x", "99999999999999999999"}) {
    const auto refused = batch(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().violations.at(0).field, "batch_ms");
  }
}

TEST(AcceptsEventStream, AsRfc9110Has) {
  for (const char* accept : {"", "*/*", "text/event-stream", "text/*", "Text/Event-Stream",
                             "text/html, text/event-stream;q=0.5", "application/json, */*;q=0.1",
                             "text/*;q=0, text/event-stream"}) {
    EXPECT_TRUE(AcceptsEventStream(accept)) << accept;
  }
  EXPECT_TRUE(AcceptsEventStream(std::nullopt));
  for (const char* accept : {"application/json", "text/html", "text/event-stream;q=0",
                             "*/*, text/event-stream;q=0.0", "text/*;q=0, */*", "image/*"}) {
    EXPECT_FALSE(AcceptsEventStream(accept)) << accept;
  }
}

TEST(Cors, OnlyConfiguredOriginsMayRead) {
  const auto cors = Cors::Parse({"https://app.example.com", "http://localhost:3000"});
  ASSERT_TRUE(cors.ok());
  EXPECT_THAT(cors->For(With({{"Origin", "https://app.example.com"}})),
              ElementsAre(Pair("Vary", "Origin"),
                          Pair("Access-Control-Allow-Origin", "https://app.example.com"),
                          Pair("Access-Control-Allow-Credentials", "true")));
  for (const char* origin :
       {"https://evil.com", "https://app.example.com.evil.com", "https://app.example.com:8443",
        "http://app.example.com", "null", ""}) {
    EXPECT_THAT(cors->For(With({{"Origin", origin}})), ElementsAre(Pair("Vary", "Origin")));
  }
  EXPECT_THAT(Cors::Parse({})->For(With({{"Origin", "https://evil.com"}})), IsEmpty());
}

TEST(Cors, RefusesOriginsThatAreNone) {
  for (const char* origin :
       {"*", "null", "app.example.com", "https://", "https://a.com/", "https://a.com/path",
        "https://A.com", "ftp://a.com", "https://a.com\r\nX: y", "https://a@b.com"}) {
    EXPECT_FALSE(Cors::Parse({origin}).ok()) << origin;
  }
}

TEST(Cors, PreflightAllowsWhatThePathDoes) {
  const auto cors = Cors::Parse({"https://a.com"});
  const auto allowed = cors->Preflight(With({{"Origin", "https://a.com"}}), "GET");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_THAT(allowed.headers, Contains(Pair("Access-Control-Allow-Methods", "GET")));
  const auto other = cors->Preflight(With({{"Origin", "https://b.com"}}), "GET");
  EXPECT_THAT(other.headers, Not(Contains(Pair("Access-Control-Allow-Methods", "GET"))));
}

std::string ClientOf(const std::vector<std::string>& trusted, const std::string& peer,
                     const std::vector<std::string>& forwarded,
                     const std::string& header = "X-Forwarded-For") {
  const auto proxies = TrustedProxies::Parse(trusted);
  EXPECT_TRUE(proxies.ok());
  Request request;
  request.remote_address = peer;
  for (const std::string& value : forwarded) {
    request.headers.emplace_back(header, value);
  }
  return proxies->ClientAddress(request);
}

TEST(TrustedProxies, TrustsNobodyUnlessConfigured) {
  EXPECT_EQ(ClientOf({}, "1.2.3.4", {"9.9.9.9"}), "1.2.3.4");
  EXPECT_EQ(ClientOf({"10.0.0.1"}, "1.2.3.4", {"9.9.9.9"}), "1.2.3.4");
}

TEST(TrustedProxies, TheRightMostAddressThatIsNoProxyIsTheClient) {
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {"9.9.9.9"}), "9.9.9.9");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {"6.6.6.6, 9.9.9.9 , 10.0.0.7"}), "9.9.9.9");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {"6.6.6.6", "9.9.9.9, 10.0.0.7"}), "9.9.9.9");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {"10.0.0.9"}), "10.0.0.9");
  EXPECT_EQ(ClientOf({"fd00::/8", "10.0.0.1"}, "fd00::1", {"2001:db8::1, 10.0.0.1"}),
            "2001:db8::1");
  EXPECT_EQ(ClientOf({"127.0.0.1"}, "::ffff:127.0.0.1", {"9.9.9.9:1234"}), "9.9.9.9");
  EXPECT_EQ(ClientOf({"0.0.0.0/0"}, "10.1.2.3", {"garbage, 10.0.0.7"}), "10.0.0.7");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {""}), "10.1.2.3");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.1.2.3", {}), "10.1.2.3");
}

// CR differs from the hyphen, and @ from the backquote, by the bit that is a letter's case.
TEST(TrustedProxies, OnlyLettersHaveACase) {
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.0.0.1", {"9.9.9.9"}, "x-forwarded-FOR"), "9.9.9.9");
  EXPECT_EQ(ClientOf({"10.0.0.0/8"}, "10.0.0.1", {"9.9.9.9"}, "X\rForwarded\rFor"), "10.0.0.1");
}

TEST(TrustedProxies, RefusesWhatIsNoBlock) {
  for (const char* block : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::1/129",
                            "10.0.0.0/8x", "localhost"}) {
    EXPECT_FALSE(TrustedProxies::Parse({block}).ok()) << block;
  }
}

TEST(Routes, MatchByMethodAndPattern) {
  Routes routes;
  std::string called;
  const auto note = [&](const char* name) {
    return [&called, name](RouteCall, std::shared_ptr<http::Responder>) { called = name; };
  };
  routes.Add(Method::kGet, "/", 0, note("root"));
  routes.Add(Method::kPost, "/v1/notifications/{id}/read", 0, note("read"));
  routes.Add(Method::kPost, "/v1/notifications/read-all", 0, note("all"));
  routes.Add(Method::kGet, "/v1/notifications/read-all", 0, note("get-all"));

  const auto found = routes.Find(Method::kPost, "/v1/notifications/42/read");
  ASSERT_NE(found.route, nullptr);
  EXPECT_THAT(found.params, ElementsAre(Pair("id", "42")));
  const ManualClock clock;
  RouteCall call({}, found.params, nullptr, clock);
  EXPECT_EQ(call.Param("id"), "42");
  found.route->handler(std::move(call), nullptr);
  EXPECT_EQ(called, "read");
  EXPECT_NE(routes.Find(Method::kGet, "/").route, nullptr);

  const auto wrong_method = routes.Find(Method::kDelete, "/v1/notifications/read-all");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allow, "POST, GET, HEAD");
  for (const char* path : {"/v1/notifications//read", "/v1/notifications/42/read/", "/v1", "//",
                           "/v1/notifications/4/2/read", ""}) {
    const auto none = routes.Find(Method::kPost, path);
    EXPECT_EQ(none.route, nullptr) << path;
    if (std::string_view(path) != "") {
      EXPECT_EQ(none.allow, "") << path;
    }
  }
}

}  // namespace
}  // namespace belfry::edge
