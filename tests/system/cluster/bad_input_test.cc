// SPDX-License-Identifier: Apache-2.0
// What nobody should send, sent to the real binaries: a precise refusal, a counter, no crash, no
// growth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/cluster/garbage_caller.h"
#include "tests/support/cluster/traffic.h"

namespace belfry::test {
namespace {

constexpr char kFriend[] = "https://app.example";  // an origin that the edge allows
constexpr int kClosed = 0;                         // the connection ends without an answer

struct Bad {
  std::string what;
  std::string request;
  std::vector<int> statuses;  // any of them is right
  std::string says = {};      // must stand in the body
};

// The bytes of a request with Host and Connection: close.
std::string Raw(const std::string& line, const std::string& headers, const std::string& body = {}) {
  return line + " HTTP/1.1\r\nHost: belfry\r\nConnection: close\r\n" + headers +
         (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
         body;
}

std::int64_t ResidentKiB(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::strtoll(line.c_str() + 6, nullptr, 10);
    }
  }
  return -1;
}

// One cluster for all tables: that it survives each of them is the point.
class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ClusterOptions options;
    options.edge_args = {"--edge-cors-origins=" + std::string(kFriend)};
    cluster_ = new Cluster(options);
    ASSERT_TRUE(cluster_->Start());
    traffic_ = new Traffic(*cluster_);
    ASSERT_TRUE(traffic_->Listen({"witness"}, 1));
  }
  static void TearDownTestSuite() {
    delete traffic_;
    delete cluster_;
    traffic_ = nullptr;
    cluster_ = nullptr;
  }
  void SetUp() override {
    for (Node* node : cluster_->All()) {
      pids_.push_back(node->pid());
    }
  }
  // Nobody died of it, and all still do their work.
  void TearDown() override {
    const std::vector<Node*> nodes = cluster_->All();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      EXPECT_TRUE(nodes[i]->Running()) << nodes[i]->name() << nodes[i]->LogTail();
      EXPECT_EQ(nodes[i]->pid(), pids_[i]);
    }
    static int round = 0;
    traffic_->Publish({{"witness", "round-" + std::to_string(round++)}});
    traffic_->ExpectEveryPromiseKept();
    EXPECT_EQ(traffic_->fleet().connections(0), 1u) << "its stream did not outlast it";
  }

  void ExpectRefused(const Endpoint& to, const std::vector<Bad>& table) {
    for (const Bad& bad : table) {
      const auto answer = Exchange(to, bad.request);
      ASSERT_TRUE(answer.ok()) << bad.what << ": " << answer.error().ToString();
      EXPECT_TRUE(std::count(bad.statuses.begin(), bad.statuses.end(), answer->status) == 1)
          << bad.what << ": status " << answer->status << " " << answer->body;
      EXPECT_NE(answer->body.find(bad.says), std::string::npos) << bad.what << answer->body;
      if (answer->status < 400) {
        continue;
      }
      EXPECT_EQ(answer->headers.at("content-type"), "application/problem+json") << bad.what;
      EXPECT_NE(answer->body.find("\"status\":" + std::to_string(answer->status)),
                std::string::npos)
          << bad.what << answer->body;
    }
  }

  // What any HTTP port must refuse before anybody looks at the route.
  static std::vector<Bad> Unhygienic(const std::string& target) {
    const std::string get = "GET " + target;
    return {
        {"no request at all", "\r\n\r\n\r\n", {400, kClosed}},
        {"bytes", std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8) + "\r\n\r\n", {400, kClosed}},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505, kClosed}},
        {"HTTP/0.9", "GET /\r\n\r\n", {400, 505, kClosed}},
        {"no Host", get + " HTTP/1.1\r\nConnection: close\r\n\r\n", {400}},
        {"two Hosts", Raw(get, "Host: other\r\n"), {400}},
        {"a target of another host", Raw("GET http://elsewhere/", ""), {400}},
        {"CONNECT", Raw("CONNECT elsewhere:443", ""), {400, 405, 501}},
        {"asterisk", Raw("OPTIONS *", ""), {400}},
        {"chunked and a length",
         Raw("POST " + target, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n",
         {400}},
        // Who shows no credentials is refused before the body, where that needs some.
        {"a broken chunk",
         Raw("POST " + target, "Transfer-Encoding: chunked\r\n") + "x\r\n",
         {400, 401}},
        {"unheard-of encoding",
         Raw("POST " + target, "Transfer-Encoding: xchunked\r\n"),
         {400, 501}},
        {"a negative length", Raw("POST " + target, "Content-Length: -1\r\n"), {400}},
        {"two lengths",
         Raw("POST " + target, "Content-Length: 1\r\nContent-Length: 2\r\n", "x"),
         {400}},
        {"a space before the colon", Raw(get, "Cookie : a=b\r\n"), {400}},
        {"a folded header", Raw(get, "X-A: b\r\n c\r\n"), {400}},
        {"NUL in a header", Raw(get, std::string("X-A: b\0c\r\n", 10)), {400}},
        {"a head without end",
         Raw(get, "X-Long: " + std::string(20'000, 'x') + "\r\n"),
         {400, 413, 431}},
        {"too many headers",
         Raw(get,
             [] {
               std::string many;
               for (int i = 0; i < 3000; ++i) {
                 many += "X: y\r\n";
               }
               return many;
             }()),
         {400, 413, 431}},
        {"a malformed escape", Raw("GET /%zz", ""), {400}},
    };
  }

  static Cluster* cluster_;
  static Traffic* traffic_;  // one stream that is there all the while
  std::vector<pid_t> pids_;
};
Cluster* BadInput::cluster_ = nullptr;
Traffic* BadInput::traffic_ = nullptr;

TEST_F(BadInput, TheEdgeRefusesWhatIsNotHttp) {
  const double before = cluster_->edge().Metric("belfry_edge_http_refused_total");
  ExpectRefused(cluster_->edge().serves(), Unhygienic("/v1/stream"));
  EXPECT_GE(cluster_->edge().Metric("belfry_edge_http_refused_total"), before + 10);
}

TEST_F(BadInput, IngestRefusesWhatIsNotHttp) {
  const double before = cluster_->ingest().Metric("belfry_ingest_http_refused_total");
  ExpectRefused(cluster_->ingest_http(), Unhygienic("/v1/notify"));
  EXPECT_GE(cluster_->ingest().Metric("belfry_ingest_http_refused_total"), before + 10);
}

TEST_F(BadInput, TheEdgeNamesTheRouteMethodAndMediaType) {
  const std::string auth = "Authorization: Bearer " + cluster_->Token("alice") + "\r\n";
  ExpectRefused(
      cluster_->edge().serves(),
      {{"unknown route", Raw("GET /v2/stream", auth), {404}},
       {"a route above the root", Raw("GET /../../etc/passwd", auth), {400, 404}},
       {"method", Raw("POST /v1/stream", auth, "{}"), {405}, "METHOD_NOT_ALLOWED"},
       {"unknown method", Raw("BREW /v1/stream", auth), {400, 405, 501}},
       {"media type", Raw("GET /v1/stream", auth + "Accept: application/json\r\n"), {406}},
       {"no demo", Raw("POST /demo/token", "", "{}"), {404}}});
}

TEST_F(BadInput, TheEdgeSaysWhichCredentialIsWrong) {
  const auto stream = [](const std::string& headers, const std::string& query = "") {
    return Raw("GET /v1/stream" + query, headers);
  };
  const auto bearer = [&](const std::string& token) {
    return stream("Authorization: Bearer " + token + "\r\n");
  };
  wire::JwtClaims old;
  old.project = Cluster::kProject;
  old.user_id = "alice";
  old.issued_s = std::time(nullptr) - 7200;
  old.expires_s = old.issued_s + 3600;
  wire::JwtClaims elsewhere = old;
  elsewhere.expires_s = std::time(nullptr) + 3600;
  elsewhere.audience = "another-service";
  wire::JwtSigner stranger{"test", std::string(32, 'k')};
  const std::string good = cluster_->Token("alice");
  const std::string none = "eyJhbGciOiJub25lIn0." +
                           good.substr(good.find('.') + 1, good.rfind('.') - good.find('.') - 1) +
                           ".";
  const double before = cluster_->edge().Metric("belfry_edge_requests_refused_total");
  const std::vector<Bad> table = {
      {"none", stream(""), {401}, "MISSING_CREDENTIALS"},
      {"not Bearer", stream("Authorization: Basic YTpi\r\n"), {401}, "MALFORMED_CREDENTIALS"},
      {"not a token", bearer("abc"), {401}, "TOKEN_MALFORMED"},
      {"algorithm none", bearer(none), {401}, "TOKEN_"},
      {"another key", bearer(wire::SignJwt(stranger, elsewhere)), {401}, "TOKEN_"},
      {"a changed byte", bearer(good.substr(0, good.size() - 3) + "AAA"), {401}, "TOKEN_"},
      {"expired", bearer(wire::SignJwt(cluster_->signer(), old)), {401}, "TOKEN_EXPIRED"},
      {"audience", bearer(wire::SignJwt(cluster_->signer(), elsewhere)), {401}, "TOKEN_AUDIENCE"},
      {"oversized", bearer(std::string(10'000, 'a')), {401}, "TOKEN_TOO_LARGE"},
      {"long-lived in the URL", stream("", "?ticket=" + good), {401}, "TOKEN_IN_URL"},
      {"token in the URL", stream("", "?token=" + good), {401}, "TOKEN_IN_URL"},
      {"somebody else in the query",
       stream("Authorization: Bearer " + good + "\r\n", "?userId=bob"),
       {403},
       "USER_MISMATCH"},
      {"another project in the query",
       stream("Authorization: Bearer " + good + "\r\n", "?project=rival"),
       {403},
       "PROJECT_MISMATCH"},
  };
  ExpectRefused(cluster_->edge().serves(), table);
  EXPECT_GE(cluster_->edge().Metric("belfry_edge_requests_refused_total"),
            before + static_cast<double>(table.size()));
}

TEST_F(BadInput, TheEdgeNamesAMalformedCursor) {
  const std::string auth = "Authorization: Bearer " + cluster_->Token("alice") + "\r\n";
  std::vector<Bad> table;
  for (const std::string cursor : {"abc", "-1", "1.5", "0x10", "1 2", "1,2",
                                   "123456789012345678901", "\xC3\xBC", "1;drop", "+1"}) {
    table.push_back({"cursor " + cursor,
                     Raw("GET /v1/stream", auth + "Last-Event-ID: " + cursor + "\r\n"),
                     {400}});
  }
  table.push_back(
      {"in the query", Raw("GET /v1/stream?last_event_id=x", auth), {400}, "last_event_id"});
  table.push_back(
      {"other spelling", Raw("GET /v1/stream?lastEventId=x", auth), {400}, "lastEventId"});
  table.push_back({"batch_ms", Raw("GET /v1/stream?batch_ms=soon", auth), {400}, "batch_ms"});
  table.push_back({"batch_ms", Raw("GET /v1/stream?batch_ms=999999999", auth), {400}, "batch_ms"});
  ExpectRefused(cluster_->edge().serves(), table);
}

TEST_F(BadInput, IngestNamesWhatIsWrongWithAPublish) {
  const std::string auth = "Authorization: Bearer " + cluster_->api_key() + "\r\n";
  const std::string quiet = "Authorization: Bearer " + cluster_->notify_key() + "\r\n";
  const std::string json = "Content-Type: application/json\r\n";
  const auto post = [&](const std::string& body) {
    return Raw("POST /v1/notify", auth + json, body);
  };
  const std::string good = R"({"userId":"a","title":"t"})";
  ExpectRefused(
      cluster_->ingest_http(),
      {{"unknown route", Raw("POST /v1/nothing", auth + json, good), {404}},
       {"method", Raw("GET /v1/notify", auth), {405}},
       {"media type", Raw("POST /v1/notify", auth + "Content-Type: text/plain\r\n", good), {415}},
       {"oversized", post("{\"title\":\"" + std::string(5'000'000, 'x') + "\"}"), {413}},
       {"no key", Raw("POST /v1/notify", json, good), {401}, "MISSING_CREDENTIALS"},
       {"malformed key", Raw("POST /v1/notify", json + "Authorization: Bearer x\r\n", good), {401}},
       {"unknown key",
        Raw("POST /v1/notify", json + "Authorization: Bearer no.body\r\n", good),
        {401}},
       {"scope", Raw("POST /v1/notify", quiet + json, R"({"broadcast":true,"title":"t"})"), {403}},
       {"no JSON", post("title=t"), {400}, "MALFORMED_JSON"},
       {"cut JSON", post(R"({"userId":"a","title")"), {400}, "MALFORMED_JSON"},
       {"deep JSON", post(std::string(100'000, '[')), {400}},
       {"an array", post("[]"), {400}},
       {"nothing", Raw("POST /v1/notify", auth + json + "Content-Length: 0\r\n"), {400}},
       {"unknown field", post(R"({"userId":"a","title":"t","nonsense":1})"), {400}, "nonsense"},
       {"no user", post(R"({"title":"t"})"), {400}, "userId"},
       {"no title", post(R"({"userId":"a"})"), {400}, "title"},
       {"a type", post(R"({"userId":5,"title":"t"})"), {400}, "userId"},
       {"a long title",
        post(R"({"userId":"a","title":")" + std::string(300, 'x') + "\"}"),
        {400},
        "title"},
       {"a control character", post(R"({"userId":"a\u0000b","title":"t"})"), {400}, "userId"},
       {"not UTF-8", post("{\"userId\":\"a\",\"title\":\"\xFF\xFE\"}"), {400}},
       {"a level", post(R"({"userId":"a","title":"t","level":"loud"})"), {400}, "level"},
       {"a scheme",
        post(R"J({"userId":"a","title":"t","actionUrl":"javascript:alert(1)"})J"),
        {400},
        "actionUrl"},
       {"what the store sets", post(R"({"userId":"a","title":"t","id":"1"})"), {400}, "id"},
       {"another project",
        post(R"({"userId":"a","title":"t","project":"rival"})"),
        {400},
        "project"},
       {"a key with a line break",
        Raw("POST /v1/notify", auth + json + "Idempotency-Key: \x01\r\n", good),
        {400}},
       {"an empty batch", Raw("POST /v1/notify/batch", auth + json, R"({"items":[]})"), {400}}});
  EXPECT_GE(cluster_->ingest().Metric("belfry_ingest_auth_failures_total"), 4);
  EXPECT_GE(cluster_->ingest().Metric("belfry_ingest_calls_total", "INVALID_ARGUMENT"), 10);
}

// What a request for an inbox may get wrong, by edge and ingest alike: `way` makes its bytes of
// method, path behind /v1 or /v1/users/{userId}, more headers and body.
template <typename Way>
std::vector<Bad> WrongInboxRequests(Way way) {
  const std::string json = "Content-Type: application/json\r\n";
  const auto post = [&](const std::string& name, const std::string& body) {
    return way("POST", "/notifications/" + name, json, body);
  };
  const std::string long_kind(200, 'k');
  std::vector<Bad> table = {
      {"read-all without upTo", post("read-all", "{}"), {400}, "upTo"},
      {"archive-all without upTo", post("archive-all", R"({"onlyRead":true})"), {400}, "upTo"},
      {"seen without upTo", post("seen", "{}"), {400}, "upTo"},
      {"upTo that is none", post("read-all", R"({"upTo":"all"})"), {400}, "upTo"},
      {"upTo below 0", post("seen", R"({"upTo":-1})"), {400}, "upTo"},
      {"upTo 0", post("seen", R"({"upTo":"0"})"), {400}, "upTo"},
      {"upTo beyond ids", post("seen", R"({"upTo":"99999999999999999999"})"), {400}, "upTo"},
      {"an unknown member", post("read-all", R"({"upTo":"1","all":true})"), {400}, "all"},
      {"a member twice", post("seen", R"({"upTo":"1","upTo":"2"})"), {400}, "upTo"},
      {"a type", post("archive-all", R"({"upTo":"1","onlyRead":"yes"})"), {400}, "onlyRead"},
      {"a long kind",
       post("read-all", R"({"upTo":"1","kind":")" + long_kind + "\"}"),
       {400},
       "kind"},
      {"no JSON", post("seen", "upTo=1"), {400}, "MALFORMED_JSON"},
      {"an array", post("seen", "[]"), {400}},
      {"nothing", way("POST", "/notifications/seen", json + "Content-Length: 0\r\n", ""), {400}},
      {"bulk without op", post("bulk", R"({"ids":["1"]})"), {400}, "op"},
      {"bulk of an unknown op", post("bulk", R"({"op":"burn","ids":["1"]})"), {400}, "op"},
      {"bulk of a mark", post("bulk", R"({"op":"read_all","ids":["1"]})"), {400}, "op"},
      {"bulk of nothing", post("bulk", R"({"op":"read","ids":[]})"), {400}, "ids"},
      {"bulk of 101",
       post(
           "bulk", R"({"op":"read","ids":[)" +
                       [] {
                         std::string ids = "\"1\"";
                         for (int i = 2; i <= 101; ++i) {
                           ids += ",\"" + std::to_string(i) + "\"";
                         }
                         return ids;
                       }() +
                       "]}"),
       {400},
       "ids"},
      {"preferences without kinds", way("PUT", "/preferences", json, "{}"), {400}, "mutedKinds"},
      {"an empty kind",
       way("PUT", "/preferences", json, R"({"mutedKinds":[""]})"),
       {400},
       "mutedKinds"},
      {"a body too long",
       post("seen", R"({"upTo":"1","x":")" + std::string(17 * 1024, 'x') + "\"}"),
       {413}},
      {"preferences too long",
       way("PUT", "/preferences", json,
           R"({"mutedKinds":[")" + std::string(17 * 1024, 'x') + "\"]}"),
       {413}},
      {"a form",
       way("POST", "/notifications/seen", "Content-Type: application/x-www-form-urlencoded\r\n",
           "upTo=1"),
       {415}},
      {"an idempotency key too long",
       way("POST", "/notifications/seen",
           json + "Idempotency-Key: " + std::string(129, 'k') + "\r\n", R"({"upTo":"1"})"),
       {400},
       "Idempotency-Key"},
      {"a body where none is",
       way("POST", "/notifications/1/read", json, R"({"x":1})"),
       {400, 404}},
      {"a limit", way("GET", "/notifications?limit=0", "", ""), {400}, "limit"},
      {"a limit", way("GET", "/notifications?limit=101", "", ""), {400}, "limit"},
      {"before", way("GET", "/notifications?before=x", "", ""), {400}, "before"},
      {"a flag", way("GET", "/notifications?unread=maybe", "", ""), {400}, "unread"},
      {"a level", way("GET", "/notifications?level=loud", "", ""), {400}, "level"},
      {"a parameter", way("GET", "/notifications?colour=red", "", ""), {400}, "colour"},
      {"a parameter twice", way("GET", "/notifications?limit=1&limit=2", "", ""), {400}, "limit"},
      {"a parameter of none", way("GET", "/counts?limit=1", "", ""), {400}},
      {"a method", way("DELETE", "/notifications", "", ""), {405}},
      {"a method", way("GET", "/notifications/seen", "", ""), {404, 405}},
      {"a method", way("POST", "/preferences", json, "{}"), {405}},
      {"a path", way("POST", "/notifications/1/burn", json, ""), {404}},
      {"an id that is none", way("POST", "/notifications/abc/read", "", ""), {404}},
      {"an id beyond ids", way("GET", "/notifications/99999999999999999999", "", ""), {404}},
      {"an id that nobody has", way("POST", "/notifications/1/read", "", ""), {404}},
      {"an id that nobody has", way("DELETE", "/notifications/1", "", ""), {404}},
  };
  return table;
}

TEST_F(BadInput, TheEdgeNamesWhatIsWrongWithAnInboxRequest) {
  // A user each: their rate is not what is tested.
  int user = 0;
  ExpectRefused(cluster_->edge().serves(),
                WrongInboxRequests([&](const std::string& method, const std::string& path,
                                       const std::string& headers, const std::string& body) {
                  const std::string token = cluster_->Token("wrong-" + std::to_string(user++));
                  return Raw(method + " /v1" + path,
                             "Authorization: Bearer " + token + "\r\n" + headers, body);
                }));
}

TEST_F(BadInput, IngestNamesWhatIsWrongWithAnInboxRequest) {
  const std::string auth = "Authorization: Bearer " + cluster_->api_key() + "\r\n";
  const std::string json = "Content-Type: application/json\r\n";
  std::vector<Bad> table =
      WrongInboxRequests([&](const std::string& method, const std::string& path,
                             const std::string& headers, const std::string& body) {
        return Raw(method + " /v1/users/alice" + path, auth + headers, body);
      });
  const std::string users = "GET /v1/users/";
  const std::vector<Bad> more = {
      {"a user too long", Raw(users + std::string(129, 'u') + "/counts", auth), {400}, "userId"},
      {"a control character in a user", Raw(users + "a%00b/counts", auth), {400}},
      {"no user", Raw(users + "/counts", auth), {400, 404}},
      {"no key", Raw(users + "alice/counts", ""), {401}, "MISSING_CREDENTIALS"},
      {"a key without the scope",
       Raw(users + "alice/counts", "Authorization: Bearer " + cluster_->notify_key() + "\r\n"),
       {403},
       "SCOPE_MISSING"},
      {"a retraction of nothing", Raw("POST /v1/retract", auth + json, "{}"), {400}},
      {"a retraction of two",
       Raw("POST /v1/retract", auth + json, R"({"broadcastId":"1","idempotencyKey":"k"})"),
       {400}},
      {"a retraction without its user",
       Raw("POST /v1/retract", auth + json, R"({"id":"1"})"),
       {400},
       "userId"},
      {"a retraction of what is not there",
       Raw("POST /v1/retract", auth + json, R"({"broadcastId":"1"})"),
       {404}},
  };
  table.insert(table.end(), more.begin(), more.end());
  ExpectRefused(cluster_->ingest_http(), table);
}

TEST_F(BadInput, NobodyReachesAnothersInbox) {
  traffic_->Publish({{"witness", "of nobody else"}});
  const std::string id = std::to_string(traffic_->publishes().back().ids.front());
  const std::string json = "Content-Type: application/json\r\n";
  const auto edge = [&](const std::string& method, const std::string& path,
                        const std::string& project, const std::string& user) {
    return Raw(method + " /v1" + path,
               "Authorization: Bearer " + cluster_->Token(user, project) + "\r\n" + json);
  };
  const std::string one = "/notifications/" + id;
  const auto ingest = [&](const std::string& line, const std::string& key,
                          const std::string& body = {}) {
    return Raw(line, "Authorization: Bearer " + key + "\r\n" + json, body);
  };
  std::vector<Bad> at_edge, at_ingest;
  for (const auto& [project, user] :
       {std::pair(Cluster::kProject, "mallory"), std::pair(Cluster::kRival, "witness")}) {
    at_edge.push_back({"get", edge("GET", one, project, user), {404}});
    at_edge.push_back({"delete", edge("DELETE", one, project, user), {404}});
    for (const char* op : {"read", "unread", "archive", "unarchive"}) {
      at_edge.push_back({op, edge("POST", one + "/" + op, project, user), {404}});
    }
  }
  const std::string users = " /v1/users/";
  const std::string own = cluster_->api_key(), rival = cluster_->rival_api_key();
  at_ingest = {
      {"another user's", ingest("GET" + users + "mallory" + one, own), {404}},
      {"another user's", ingest("POST" + users + "mallory" + one + "/read", own), {404}},
      {"another project's", ingest("GET" + users + "witness" + one, rival), {404}},
      {"another project's", ingest("POST" + users + "witness" + one + "/read", rival), {404}},
      {"another project's", ingest("DELETE" + users + "witness" + one, rival), {404}},
      {"another project's to retract",
       ingest("POST /v1/retract", rival, R"({"userId":"witness","id":")" + id + "\"}"),
       {404}},
      {"another user's to retract",
       ingest("POST /v1/retract", own, R"({"userId":"mallory","id":")" + id + "\"}"),
       {404}},
  };
  ExpectRefused(cluster_->edge().serves(), at_edge);
  ExpectRefused(cluster_->ingest_http(), at_ingest);
  // In a list of ids it is missing, alone.
  const auto bulk =
      Exchange(cluster_->edge().serves(),
               Raw("POST /v1/notifications/bulk",
                   "Authorization: Bearer " + cluster_->Token("mallory") + "\r\n" + json,
                   R"({"op":"delete","ids":[")" + id + "\"]}"));
  ASSERT_TRUE(bulk.ok());
  EXPECT_NE(bulk->body.find("{\"id\":\"" + id + "\",\"status\":404}"), std::string::npos)
      << bulk->body;
  // Whose it is has it, unread.
  const auto there =
      Exchange(cluster_->edge().serves(), edge("GET", one, Cluster::kProject, "witness"));
  ASSERT_TRUE(there.ok());
  EXPECT_EQ(there->status, 200);
  EXPECT_EQ(there->body.find("readAt"), std::string::npos) << there->body;
}

TEST_F(BadInput, AForeignPageChangesNothingByItsVisitorsCookie) {
  const std::string cookie = "Cookie: belfry_token=" + cluster_->Token("visitor") + "\r\n";
  const std::string bearer = "Authorization: Bearer " + cluster_->Token("visitor") + "\r\n";
  const std::string foreign = "Origin: https://evil.example\r\n";
  const auto seen = [](const std::string& headers) {
    return Raw("POST /v1/notifications/seen", "Content-Type: application/json\r\n" + headers,
               R"({"upTo":"1"})");
  };
  std::vector<Bad> table = {
      {"another origin", seen(cookie + foreign), {403}, "CROSS_SITE"},
      {"no origin that has a name", seen(cookie + "Origin: null\r\n"), {403}, "CROSS_SITE"},
      {"an origin that begins alike",
       seen(cookie + "Origin: " + kFriend + ".evil.example\r\n"),
       {403},
       "CROSS_SITE"},
      {"what the browser calls cross-site",
       seen(cookie + "Sec-Fetch-Site: cross-site\r\n"),
       {403},
       "CROSS_SITE"},
      {"what the browser calls same-site",
       seen(cookie + "Sec-Fetch-Site: same-site\r\n"),
       {403},
       "CROSS_SITE"},
      {"no header that says where from", seen(cookie), {403}, "CROSS_SITE"},
      {"by token from anywhere", seen(bearer + foreign), {200}},
      {"by token from nowhere", seen(bearer), {200}},
      {"the edge's own page", seen(cookie + "Origin: https://belfry\r\n"), {200}},
      {"a page that is allowed", seen(cookie + "Origin: " + kFriend + "\r\n"), {200}},
      {"what the browser calls its own", seen(cookie + "Sec-Fetch-Site: same-origin\r\n"), {200}},
  };
  for (const char* op : {"read", "unread", "archive", "unarchive"}) {
    table.push_back({op,
                     Raw("POST /v1/notifications/1/" + std::string(op), cookie + foreign),
                     {403},
                     "CROSS_SITE"});
  }
  for (const char* all : {"read-all", "archive-all", "bulk"}) {
    table.push_back(
        {all,
         Raw("POST /v1/notifications/" + std::string(all),
             "Content-Type: application/json\r\n" + cookie + foreign, R"({"upTo":"1"})"),
         {403},
         "CROSS_SITE"});
  }
  table.push_back(
      {"delete", Raw("DELETE /v1/notifications/1", cookie + foreign), {403}, "CROSS_SITE"});
  table.push_back(
      {"preferences",
       Raw("PUT /v1/preferences", "Content-Type: application/json\r\n" + cookie + foreign,
           R"({"mutedKinds":[]})"),
       {403},
       "CROSS_SITE"});
  ExpectRefused(cluster_->edge().serves(), table);
}

TEST_F(BadInput, APreflightAllowsWhatTheBrowserApiNeeds) {
  struct Route {
    std::string path;
    std::string method;
  };
  for (const Route& route :
       {Route{"/v1/notifications/1/read", "POST"}, Route{"/v1/notifications/1", "DELETE"},
        Route{"/v1/notifications/read-all", "POST"}, Route{"/v1/notifications/bulk", "POST"},
        Route{"/v1/preferences", "PUT"}, Route{"/v1/notifications", "GET"},
        Route{"/v1/counts", "GET"}}) {
    const auto preflight = [&](const std::string& origin) {
      auto answer =
          Exchange(cluster_->edge().serves(),
                   Raw("OPTIONS " + route.path,
                       "Origin: " + origin + "\r\nAccess-Control-Request-Method: " + route.method +
                           "\r\nAccess-Control-Request-Headers: authorization\r\n"));
      EXPECT_TRUE(answer.ok());
      return answer.ok() ? *answer : HttpAnswer();
    };
    const HttpAnswer good = preflight(kFriend);
    EXPECT_EQ(good.status, 204) << route.path;
    EXPECT_EQ(good.headers.at("access-control-allow-origin"), kFriend) << route.path;
    EXPECT_EQ(good.headers.at("access-control-allow-credentials"), "true") << route.path;
    EXPECT_NE(good.headers.at("access-control-allow-methods").find(route.method), std::string::npos)
        << route.path;
    const std::string& allowed = good.headers.at("access-control-allow-headers");
    for (const char* header :
         {"Authorization", "Idempotency-Key", "If-None-Match", "Content-Type"}) {
      EXPECT_NE(allowed.find(header), std::string::npos) << route.path << ": " << allowed;
    }
    EXPECT_FALSE(preflight("https://evil.example").headers.contains("access-control-allow-origin"))
        << route.path;
  }
}

// More than one of a header that may stand once is as good as none to a browser.
TEST_F(BadInput, NoAnswerToAnotherOriginHasAHeaderTwice) {
  for (const std::string& request :
       {Raw("OPTIONS /v1/notifications",
            "Origin: " + std::string(kFriend) + "\r\nAccess-Control-Request-Method: GET\r\n"),
        Raw("GET /v1/counts", "Origin: " + std::string(kFriend) + "\r\nAuthorization: Bearer " +
                                  cluster_->Token("visitor") + "\r\n"),
        Raw("GET /v1/counts", "Origin: " + std::string(kFriend) + "\r\n")}) {
    const auto socket = Connect(cluster_->edge().serves(), kPatience);
    ASSERT_TRUE(socket.ok());
    ASSERT_TRUE(SendAll(*socket, request, kPatience).ok());
    const std::string answer = ReadUntil(*socket, "\r\n\r\n", kPatience);
    for (const char* header :
         {"\r\nAccess-Control-Allow-Origin:", "\r\nAccess-Control-Allow-Credentials:"}) {
      const std::size_t first = answer.find(header);
      ASSERT_NE(first, std::string::npos) << answer;
      EXPECT_EQ(answer.find(header, first + 1), std::string::npos) << answer;
    }
  }
}

TEST_F(BadInput, WhatIsLeftOfTheRateIsSaid) {
  const std::string auth = "Authorization: Bearer " + cluster_->Token("hasty") + "\r\n";
  int refused = 0;
  for (int i = 0; i < 400 && refused == 0; ++i) {
    const auto answer = Get(cluster_->edge().serves(), "/v1/counts", auth);
    ASSERT_TRUE(answer.ok());
    ASSERT_TRUE(answer->headers.contains("ratelimit")) << answer->status;
    EXPECT_EQ(answer->headers.at("ratelimit-policy"), "\"user\";q=100;w=5");
    if (answer->status == 429) {
      ++refused;
      EXPECT_TRUE(answer->headers.at("ratelimit").starts_with("\"user\";r=0;t="));
      EXPECT_GE(std::atoi(answer->headers.at("retry-after").c_str()), 1);
      EXPECT_NE(answer->body.find("RATE_LIMITED"), std::string::npos);
    }
  }
  EXPECT_EQ(refused, 1);
  const auto publish = Post(
      cluster_->ingest_http(), "/v1/notify",
      "Content-Type: application/json\r\nAuthorization: Bearer " + cluster_->api_key() + "\r\n",
      R"({"userId":"a"})");
  ASSERT_TRUE(publish.ok());
  EXPECT_EQ(publish->status, 400);
  EXPECT_TRUE(publish->headers.at("ratelimit").starts_with("\"key\";r="));
  EXPECT_TRUE(publish->headers.at("ratelimit-policy").starts_with("\"key\";q="));
}

TEST_F(BadInput, SlowRequestsAreNotWaitedForForEver) {
  struct Slow {
    std::string what;
    Endpoint to;
    std::string begin;
  };
  const std::vector<Slow> table = {
      {"nothing at all", cluster_->edge().serves(), ""},
      {"half a head", cluster_->edge().serves(), "GET /v1/stream HTTP/1.1\r\nHost: b"},
      {"nothing at all", cluster_->ingest_http(), ""},
      {"half a body", cluster_->ingest_http(),
       "POST /v1/notify HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\n"
       "Authorization: Bearer " +
           cluster_->api_key() + "\r\nContent-Length: 100\r\n\r\n{"},
  };
  std::vector<Socket> sockets;
  for (const Slow& slow : table) {
    auto socket = Connect(slow.to, kPatience);
    ASSERT_TRUE(socket.ok());
    ASSERT_TRUE(SendAll(*socket, slow.begin, kPatience).ok());
    sockets.push_back(*std::move(socket));
  }
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    EXPECT_TRUE(PeerCloses(sockets[i], kPatience)) << table[i].what;
  }
}

TEST_F(BadInput, GrpcRefusesWhatIsNoMessageAndWhoIsNobody) {
  const GarbageCaller ingest(cluster_->ingest().serves());
  const GarbageCaller store(cluster_->store().serves());
  const std::string notify = "/belfry.v1.NotifyService/Notify";
  const std::string key = "Bearer " + cluster_->api_key();
  EXPECT_NE(ingest.Call(notify, key, "\xFF\xFF\xFF not protobuf"), "OK");
  EXPECT_NE(ingest.Call(notify, key, std::string(1000, '\x0A')), "OK");
  EXPECT_EQ(ingest.Call(notify, key, ""), "INVALID_ARGUMENT");
  EXPECT_EQ(ingest.Call(notify, "", ""), "UNAUTHENTICATED");
  EXPECT_EQ(ingest.Call(notify, "Bearer no.body", ""), "UNAUTHENTICATED");
  EXPECT_EQ(
      ingest.Call("/belfry.v1.NotifyService/Broadcast", "Bearer " + cluster_->notify_key(), ""),
      "PERMISSION_DENIED");
  EXPECT_EQ(ingest.Call("/belfry.v1.NotifyService/Nothing", key, ""), "UNIMPLEMENTED");
  EXPECT_EQ(ingest.Call(notify, key, std::string(5 * 1024 * 1024, 'x')), "INVALID_ARGUMENT");
  EXPECT_EQ(ingest.Call(notify, key, std::string(9 * 1024 * 1024, 'x')), "RESOURCE_EXHAUSTED");
  EXPECT_NE(store.Call("/belfry.v1.StoreService/Append", "", "\xFF\xFF\xFF"), "OK");
  EXPECT_NE(store.Call("/belfry.v1.StoreService/ReadFeed", "", "\xFF\xFF\xFF"), "OK");
  EXPECT_EQ(store.Call("/belfry.v1.StoreService/Nothing", "", ""), "UNIMPLEMENTED");
}

TEST_F(BadInput, AThousandRefusalsLeaveNoMemoryBehind) {
  const std::string token = "Authorization: Bearer " + cluster_->Token("alice") + "\r\n";
  const auto round = [&](int count) {
    for (int i = 0; i < count; ++i) {
      // Each with text of its own, so that whatever were kept by text would grow.
      const std::string own = std::to_string(i) + std::string(2000, 'x');
      EXPECT_TRUE(Exchange(cluster_->edge().serves(), Raw("GET /" + own, token)).ok());
      EXPECT_TRUE(Exchange(cluster_->edge().serves(),
                           Raw("GET /v1/stream", "Authorization: Bearer " + own + "\r\n"))
                      .ok());
      EXPECT_TRUE(Exchange(cluster_->ingest_http(),
                           Raw("POST /v1/notify", "Authorization: Bearer " + own + ".x\r\n", own))
                      .ok());
    }
  };
  round(200);  // what is allocated once
  const std::int64_t edge = ResidentKiB(cluster_->edge().pid());
  const std::int64_t ingest = ResidentKiB(cluster_->ingest().pid());
  round(1000);
  // 1,000 times 2 KB kept would show, twice over; allocators may round.
  EXPECT_LT(ResidentKiB(cluster_->edge().pid()) - edge, 1500);
  EXPECT_LT(ResidentKiB(cluster_->ingest().pid()) - ingest, 1500);
}

}  // namespace
}  // namespace belfry::test
