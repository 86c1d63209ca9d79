// SPDX-License-Identifier: Apache-2.0
// What nobody should send, sent to the real binaries: a precise refusal, a counter, no crash, no
// growth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/cluster/garbage_caller.h"
#include "tests/support/cluster/traffic.h"

namespace belfry::test {
namespace {

constexpr int kClosed = 0;  // the connection ends without an answer

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
    cluster_ = new Cluster;
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
        {"chunked",
         Raw("POST " + target, "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
         {400, 411, 501}},
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
