// SPDX-License-Identifier: Apache-2.0
// What is refused before a stream starts, and what else the edge answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/edge_http/edge.h"

namespace belfry::edge {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Answer {
  std::string head;
  std::string body;
};

class RefusalTest : public EdgeTest {
 protected:
  // One request of its own connection.
  Answer Ask(std::string request) {
    request.insert(request.find("\r\n\r\n") + 2, "Connection: close\r\n");
    Client client;
    client.Open(cores->port(), request);
    EXPECT_TRUE(client.ReadToEnd());
    return {client.head(), client.body()};
  }

  static std::string Request(const std::string& method, const std::string& path) {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
};

TEST_F(RefusalTest, CredentialsAreNamedByWhatIsWrongWithThem) {
  Start();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Get("/v1/stream"), "MISSING_CREDENTIALS"},
      {Get("/v1/stream", "garbage"), "TOKEN_MALFORMED"},
      {Get("/v1/stream", Token("alice", seconds(-3600))), "TOKEN_EXPIRED"},
      {Get("/v1/stream", Token("alice", seconds(60), "", "k1", 'b')), "TOKEN_SIGNATURE"},
      {Get("/v1/stream", Token("alice", seconds(60), "", "k9")), "TOKEN_UNKNOWN_KEY"},
      {Get("/v1/stream", Token("alice", seconds(60), "another")), "TOKEN_AUDIENCE"},
      {Get("/v1/stream?ticket=" + Token("alice")), "TOKEN_IN_URL"},
      {Get("/v1/stream", Token("alice", seconds(30), "belfry-stream")), "TICKET_MISPLACED"},
      {Get("/v1/stream?ticket=" + Token("alice", seconds(3600), "belfry-stream")),
       "TICKET_TOO_LONG_LIVED"},
  };
  for (const auto& [request, reason] : cases) {
    const Answer answer = Ask(request);
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 401")) << reason;
    EXPECT_THAT(answer.head, HasSubstr("application/problem+json"));
    EXPECT_THAT(answer.head, HasSubstr("WWW-Authenticate: Bearer"));
    EXPECT_THAT(answer.body, HasSubstr(reason));
    EXPECT_GE(Metric("belfry_edge_requests_refused_total{reason=\"" + reason + "\"}"), 1);
  }
}

TEST_F(RefusalTest, ATicketAndACookieOpenAStream) {
  Start();
  Client client;
  client.Open(cores->port(),
              Get("/v1/stream?ticket=" + Token("alice", seconds(30), "belfry-stream")));
  EXPECT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  client.Open(cores->port(), Get("/v1/stream", "", {"Cookie: a=1; belfry_token=" + Token("bob")}));
  EXPECT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  EXPECT_THAT(client.DataOf("connected"), HasSubstr("bob"));
}

TEST_F(RefusalTest, ATicketAdmitsOnceAndItsStreamLivesOn) {
  Start();
  // Both have just expired, and are accepted for some seconds because clocks differ.
  const std::string ticket = Token("alice", seconds(-1), "belfry-stream");
  Client alice;
  alice.Open(cores->port(), Get("/v1/stream?ticket=" + ticket));
  ASSERT_TRUE(alice.ReadUntil([&] { return alice.Count("connected") == 1; }));
  const Answer again = Ask(Get("/v1/stream?ticket=" + ticket));
  EXPECT_THAT(again.head, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(again.body, HasSubstr("TICKET_USED"));
  Client bob;
  bob.Open(cores->port(), Get("/v1/stream", Token("bob", seconds(-1))));
  ASSERT_TRUE(bob.ReadUntil([&] { return bob.Count("bye") == 1; }));
  Notify("alice");
  EXPECT_TRUE(alice.ReadUntil([&] { return alice.Count("notification") == 1; }));
  EXPECT_EQ(alice.Count("bye"), 0);
}

TEST_F(RefusalTest, ATicketsStreamEndsWhenTheEdgeOrTheTicketSays) {
  options.ticket_stream_max = seconds(2);
  Start();
  const auto ticket = [this](std::chrono::seconds stream) {
    wire::JwtClaims claims;
    claims.project = "demo";
    claims.user_id = "alice";
    claims.audience = "belfry-stream";
    claims.issued_s = clock.UnixMicros() / 1'000'000;
    claims.expires_s = claims.issued_s + 30;
    claims.stream_until_s = stream.count() == 0 ? 0 : claims.issued_s + stream.count();
    return Get("/v1/stream?ticket=" + wire::SignJwt({"k1", Secret('a')}, claims));
  };
  Client longer;
  longer.Open(cores->port(), ticket(std::chrono::hours(1)));
  ASSERT_TRUE(longer.ReadUntil([&] { return longer.Count("connected") == 1; }));
  Client plain;
  plain.Open(cores->port(), ticket(seconds(0)));
  EXPECT_TRUE(plain.ReadToEnd());
  EXPECT_EQ(plain.DataOf("bye"), R"({"reason":"token_expired"})");
  Client shorter;
  shorter.Open(cores->port(), ticket(seconds(1)));
  EXPECT_TRUE(shorter.ReadToEnd());
  EXPECT_EQ(shorter.DataOf("bye"), R"({"reason":"token_expired"})");
  const EntryId id = Notify("alice");
  ASSERT_TRUE(longer.ReadUntil([&] { return !longer.Told().empty() || longer.ended(); }));
  EXPECT_THAT(longer.Told(), ElementsAre(id));
}

TEST_F(RefusalTest, APageOfAnotherSiteOpensNoStreamByItsVisitorsCookie) {
  options.cors_origins = {"https://app.example.com"};
  Start();
  const std::string cookie = "Cookie: belfry_token=" + Token("alice");
  for (const char* header : {"Origin: https://evil.example.com", "Origin: null",
                             "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"}) {
    const Answer answer = Ask(Get("/v1/stream", "", {cookie, header}));
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 403")) << header;
    EXPECT_THAT(answer.body, HasSubstr("CROSS_SITE")) << header;
  }
  // The edge's own pages, over plain HTTP without any header, those that are allowed, and who has
  // another credential than the cookie.
  const std::vector<std::vector<std::string>> good = {
      {cookie},
      {cookie, "Sec-Fetch-Site: same-origin"},
      {cookie, "Sec-Fetch-Site: none"},
      {cookie, "Origin: https://app.example.com", "Sec-Fetch-Site: cross-site"},
      {"Authorization: Bearer " + Token("alice"), cookie, "Origin: https://evil.example.com"}};
  for (const std::vector<std::string>& headers : good) {
    Client client;
    client.Open(cores->port(), Get("/v1/stream", "", headers));
    EXPECT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }))
        << headers.back() << client.head();
  }
}

TEST_F(RefusalTest, AnotherUserIsForbiddenAndMalformedQueriesAreNamed) {
  Start();
  const std::string token = Token("alice");
  const Answer forbidden = Ask(Get("/v1/stream?userId=bob", token));
  EXPECT_THAT(forbidden.head, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(forbidden.body, HasSubstr("USER_MISMATCH"));
  const Answer cursor = Ask(Get("/v1/stream", token, {"Last-Event-ID: 12x"}));
  EXPECT_THAT(cursor.head, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(cursor.body, HasSubstr("Last-Event-ID"));
  EXPECT_THAT(Ask(Get("/v1/stream?last_event_id=-5", token)).body, HasSubstr("last_event_id"));
  const Answer batch = Ask(Get("/v1/stream?batch_ms=5001", token));
  EXPECT_THAT(batch.head, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(batch.body, HasSubstr("batch_ms"));
  const Answer accept = Ask(Get("/v1/stream", token, {"Accept: application/json"}));
  EXPECT_THAT(accept.head, StartsWith("HTTP/1.1 406"));
}

TEST_F(RefusalTest, UnknownPathsAndMethods) {
  Start();
  EXPECT_THAT(Ask(Get("/nowhere")).head, StartsWith("HTTP/1.1 404"));
  for (const char* method : {"POST", "DELETE", "PUT"}) {
    const Answer answer = Ask(Request(method, "/v1/stream"));
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 405")) << method;
    EXPECT_THAT(answer.head, HasSubstr("Allow: GET, HEAD\r\n"));
  }
  const Answer unknown = Ask(Request("BREW", "/v1/stream"));
  EXPECT_THAT(unknown.head, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(unknown.body, HasSubstr("this path takes GET, HEAD, not BREW"));
}

TEST_F(RefusalTest, OtherOriginsReadOnlyWhatTheyMay) {
  options.cors_origins = {"https://app.example.com"};
  Start();
  const std::string good = "Origin: https://app.example.com";
  Client client;
  client.Open(cores->port(), Get("/v1/stream", Token("alice"), {good}));
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  EXPECT_THAT(client.head(), HasSubstr("Access-Control-Allow-Origin: https://app.example.com\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("Access-Control-Allow-Credentials: true\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("Vary: Origin\r\n"));

  client.Open(cores->port(), Get("/v1/stream", Token("alice"), {"Origin: https://evil.com"}));
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  EXPECT_THAT(client.head(), Not(HasSubstr("Access-Control")));
  EXPECT_THAT(client.head(), HasSubstr("Vary: Origin\r\n"));

  // A refusal can be read too: the page has to see why.
  EXPECT_THAT(Ask(Get("/v1/stream", "", {good})).head, HasSubstr("Access-Control-Allow-Origin"));
  const Answer preflight = Ask("OPTIONS /v1/stream HTTP/1.1\r\nHost: localhost\r\n" + good +
                               "\r\nAccess-Control-Request-Method: GET\r\n\r\n");
  EXPECT_THAT(preflight.head, StartsWith("HTTP/1.1 204"));
  EXPECT_THAT(preflight.head, HasSubstr("Access-Control-Allow-Methods: GET, HEAD\r\n"));
  // A browser takes two of them for none.
  const std::string allow_origin = "Access-Control-Allow-Origin";
  const std::size_t first = preflight.head.find(allow_origin);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(preflight.head.find(allow_origin, first + 1), std::string::npos);
}

TEST_F(RefusalTest, RoutesAreServedBesideStreamsAndKnowWhoAsks) {
  Routes routes;
  routes.Add(http::Method::kGet, "/whoami/{word}", 0,
             [](const RouteCall& call, std::shared_ptr<http::Responder> responder) {
               const auto identity = call.Authenticate();
               responder->Send(identity.ok() ? http::Json("\"" + identity->user_id + " " +
                                                          std::string(call.Param("word")) + "\"")
                                             : http::Problem(identity.error()));
             });
  Start(std::move(routes));
  EXPECT_EQ(Ask(Get("/whoami/hello", Token("alice"))).body, "\"alice hello\"");
  EXPECT_THAT(Ask(Get("/whoami/hello")).head, StartsWith("HTTP/1.1 401"));
  // A ticket is for streams only.
  EXPECT_THAT(Ask(Get("/whoami/hello?ticket=" + Token("alice", seconds(30), "belfry-stream"))).body,
              HasSubstr("TICKET_MISPLACED"));
  EXPECT_THAT(Ask(Request("POST", "/whoami/hello")).head, HasSubstr("Allow: GET, HEAD\r\n"));
  const Answer head_only = Ask(Request("HEAD", "/whoami/hello"));
  EXPECT_THAT(head_only.head, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(head_only.body, IsEmpty());
}

TEST_F(RefusalTest, AHeadOfAStreamSaysWhatAGetWould) {
  Start();
  const std::string ticket = Token("alice", seconds(30), "belfry-stream");
  for (int i = 0; i < 2; ++i) {  // a ticket is not used by it
    const Answer answer = Ask(Request("HEAD", "/v1/stream?ticket=" + ticket));
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/event-stream; charset=utf-8\r\n"));
    EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(answer.body, IsEmpty());
  }
  EXPECT_THAT(Ask(Request("HEAD", "/v1/stream")).head, StartsWith("HTTP/1.1 401"));
  EXPECT_EQ(cores->stats().streams, 0U);
}

TEST_F(RefusalTest, WhoIsRefusedKeepsNoConnection) {
  Start();
  for (const std::string& request :
       {Get("/nowhere"), Get("/v1/stream"), Request("POST", "/v1/stream")}) {
    Client client;
    client.Open(cores->port(), request);
    EXPECT_TRUE(client.ReadToEnd());
    EXPECT_THAT(client.head(), HasSubstr("Connection: close\r\n"));
  }
}

TEST_F(RefusalTest, ACursorUnderAWrongNameIsNamed) {
  Start();
  for (const std::string name : {"since", "lastEventID", "cursor", "Last-Event-ID", "after"}) {
    const Answer answer = Ask(Get("/v1/stream?" + name + "=5", Token("alice")));
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 400")) << name;
    EXPECT_THAT(answer.body, HasSubstr(name));
    EXPECT_THAT(answer.body, HasSubstr("last_event_id"));
  }
}

TEST_F(RefusalTest, TheFirstValidCookieOfTheNameDecides) {
  Start();
  const std::string stale = "belfry_token=" + Token("bob", seconds(-60));
  const std::string good = "belfry_token=" + Token("alice");
  Client client;
  client.Open(cores->port(), Get("/v1/stream", "", {"Cookie: " + stale + "; " + good}));
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; })) << client.head();
  EXPECT_THAT(client.DataOf("connected"), HasSubstr(R"("userId":"alice")"));
  EXPECT_THAT(Ask(Get("/v1/stream", "", {"Cookie: " + stale + "; " + stale})).body,
              HasSubstr("TOKEN_EXPIRED"));
}

TEST_F(RefusalTest, ARouteReadsABodyUpToItsOwnBound) {
  Routes routes;
  routes.Add(http::Method::kPost, "/echo", 8,
             [](const RouteCall& call, const std::shared_ptr<http::Responder>& responder) {
               responder->Send(http::Json(call.request.body));
             });
  Start(std::move(routes));
  const auto post = [](const std::string& body) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  EXPECT_EQ(Ask(post("\"12345\"")).body, "\"12345\"");
  const Answer refused = Ask(post("\"1234567\""));
  EXPECT_THAT(refused.head, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(refused.body, HasSubstr("BODY_TOO_LARGE"));
}

}  // namespace
}  // namespace belfry::edge
