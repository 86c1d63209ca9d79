// SPDX-License-Identifier: Apache-2.0
#include "libs/http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry::http {
namespace {

using std::string_literals::operator""s;

const std::string kHost = "Host: a\r\n";

std::string Head(const std::string& line, const std::string& fields = kHost) {
  return line + "\r\n" + fields + "\r\n";
}

RequestHead Accepted(const std::string& bytes) {
  auto parsed = ParseRequestHead(bytes);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    ADD_FAILURE() << bytes << " was refused: " << refusal->detail;
    return {};
  }
  return std::get<RequestHead>(std::move(parsed));
}

void ExpectRefused(const std::string& bytes, int status, Reason reason) {
  const auto parsed = ParseRequestHead(bytes);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  ASSERT_NE(refusal, nullptr) << bytes << " was accepted";
  EXPECT_EQ(refusal->status, status) << bytes << refusal->detail;
  EXPECT_EQ(refusal->reason, reason) << bytes << refusal->detail;
}

TEST(RequestHead, TakesAPlainRequest) {
  const RequestHead head = Accepted(Head("POST /v1/a%20b?x=1&y=a+b&x=%26&z HTTP/1.1",
                                         "Host: a.b:80\r\nX-A:  1 \r\nx-a: 2\r\n"
                                         "Content-Length: 12\r\n"));
  EXPECT_EQ(head.request.method, Method::kPost);
  EXPECT_EQ(head.request.target, "/v1/a%20b?x=1&y=a+b&x=%26&z");
  EXPECT_EQ(head.request.path, "/v1/a b");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"x", "1"}, {"y", "a b"}, {"x", "&"}, {"z", ""}};
  EXPECT_EQ(head.request.query, query);
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Host", "a.b:80"}, {"X-A", "1"}, {"x-a", "2"}, {"Content-Length", "12"}};
  EXPECT_EQ(head.request.headers, headers);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
}

TEST(RequestHead, KnowsMethods) {
  EXPECT_EQ(Accepted(Head("GET / HTTP/1.1")).request.method, Method::kGet);
  EXPECT_EQ(Accepted(Head("HEAD / HTTP/1.1")).request.method, Method::kHead);
  EXPECT_EQ(Accepted(Head("PUT / HTTP/1.1")).request.method, Method::kPut);
  EXPECT_EQ(Accepted(Head("PATCH / HTTP/1.1")).request.method, Method::kPatch);
  EXPECT_EQ(Accepted(Head("DELETE / HTTP/1.1")).request.method, Method::kDelete);
  EXPECT_EQ(Accepted(Head("OPTIONS / HTTP/1.1")).request.method, Method::kOptions);
  EXPECT_EQ(Accepted(Head("TRACE / HTTP/1.1")).request.method, Method::kOther);
  EXPECT_EQ(Accepted(Head("CONNECT / HTTP/1.1")).request.method, Method::kOther);
  EXPECT_EQ(Accepted(Head("BREW / HTTP/1.1")).request.method, Method::kOther);
  EXPECT_EQ(Accepted(Head("get / HTTP/1.1")).request.method, Method::kOther);
  EXPECT_EQ(Accepted(Head("BREW / HTTP/1.1")).request.method_name, "BREW");
}

TEST(RequestHead, KeepsAConnectionOnlyWhenBothWant) {
  EXPECT_FALSE(Accepted(Head("GET / HTTP/1.0")).keep_alive);
  EXPECT_FALSE(Accepted(Head("GET / HTTP/1.0", kHost + "Connection: keep-alive\r\n")).keep_alive);
  EXPECT_FALSE(Accepted(Head("GET / HTTP/1.1", kHost + "Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(Accepted(Head("GET / HTTP/1.1", kHost + "connection: x, CLOSE\r\n")).keep_alive);
  EXPECT_TRUE(Accepted(Head("GET / HTTP/1.1", kHost + "Connection: Upgrade\r\n")).keep_alive);
}

TEST(RequestHead, TakesBytesBeyondAsciiInValues) {
  EXPECT_EQ(Accepted(Head("GET / HTTP/1.1", kHost + "X: \xC3\xA9\r\n")).request.Header("x"),
            "\xC3\xA9");
}

TEST(RequestHead, TakesChunksAndNoOtherTransferEncoding) {
  const std::string post = "POST / HTTP/1.1";
  for (const std::string field :
       {"Transfer-Encoding: chunked\r\n", "transfer-encoding: CHUNKED\r\n",
        "Transfer-Encoding:\tchunked \r\n"}) {
    const RequestHead head = Accepted(Head(post, kHost + field));
    EXPECT_TRUE(head.chunked) << field;
    EXPECT_EQ(head.content_length, 0u);
    EXPECT_FALSE(head.request.Header("Transfer-Encoding")) << "it is the connection's, not ours";
  }
  EXPECT_FALSE(Accepted(Head(post, kHost + "Content-Length: 3\r\n")).chunked);
  for (const std::string value : {"xchunked", "identity", "gzip, chunked", "chunked, identity",
                                  "chunked, chunked", "chunked;q=1", ""}) {
    ExpectRefused(Head(post, kHost + "Transfer-Encoding: " + value + "\r\n"), 501,
                  Reason::kTransferEncoding);
  }
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  ExpectRefused(Head(post, kHost + chunked + chunked), 400, Reason::kContentLength);
  ExpectRefused(Head("POST / HTTP/1.0", kHost + chunked), 400, Reason::kTransferEncoding);
  ExpectRefused(Head(post, kHost + "Transfer-Encoding: x\r\nContent-Length: 3\r\n"), 400,
                Reason::kTransferEncoding);
}

TEST(RequestHead, TakesNoPackedBody) {
  const std::string post = "POST / HTTP/1.1";
  const std::string body = "Content-Length: 3\r\n";
  for (const std::string coding : {"gzip", "br", "x", "identity, gzip", "gzip, identity"}) {
    const std::string field = "Content-Encoding: " + coding + "\r\n";
    ExpectRefused(Head(post, kHost + body + field), 415, Reason::kContentEncoding);
    ExpectRefused(Head(post, kHost + "Transfer-Encoding: chunked\r\n" + field), 415,
                  Reason::kContentEncoding);
    const auto parsed = ParseRequestHead(Head(post, kHost + body + field));
    EXPECT_NE(std::get<Refusal>(parsed).detail.find(coding), std::string::npos);
    Accepted(Head("GET / HTTP/1.1", kHost + field));
  }
  Accepted(Head(post, kHost + body + "Content-Encoding: Identity\r\n"));
  Accepted(Head(post, kHost + body + "Content-Encoding:\r\n"));
  ExpectRefused(
      Head(post, kHost + body + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"), 415,
      Reason::kContentEncoding);
}

TEST(RequestHead, RefusesABodyOfTwoLengths) {
  const std::string post = "POST / HTTP/1.1";
  for (const std::string fields :
       {"Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3\r\ncontent-length: 3\r\n", "Content-Length: 3, 3\r\n",
        "Content-Length: 3,\r\n", "Content-Length: +3\r\n", "Content-Length: -3\r\n",
        "Content-Length: 0x3\r\n", "Content-Length: 3 3\r\n", "Content-Length: \r\n",
        "Content-Length: 3;a\r\n", "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 1e3\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"}) {
    ExpectRefused(Head(post, kHost + fields), 400, Reason::kContentLength);
  }
}

TEST(RequestHead, WantsExactlyOneHost) {
  const std::string get = "GET / HTTP/1.1";
  ExpectRefused(Head(get, ""), 400, Reason::kHost);
  EXPECT_EQ(Accepted(Head("GET / HTTP/1.0", "")).request.minor_version, 0);
  ExpectRefused(Head("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n"), 400, Reason::kHost);
  ExpectRefused(Head(get, "Host: a\r\nHost: a\r\n"), 400, Reason::kHost);
  ExpectRefused(Head(get, "Host: a\r\nhOST: b\r\n"), 400, Reason::kHost);
  for (const std::string host : {"", "a b", "a/b", "a@b", "a\"", "<a>", "a\\b", "\xC3\xA9"}) {
    ExpectRefused(Head(get, "Host: " + host + "\r\n"), 400, Reason::kHost);
  }
  Accepted(Head(get, "Host: [::1]:8080\r\n"));
}

TEST(RequestHead, ReadsAUrlAsThePathItMeans) {
  const auto target_of = [](const std::string& target) {
    return Accepted(Head("GET " + target + " HTTP/1.1")).request.target;
  };
  EXPECT_EQ(target_of("http://a/v1/stream?x=1"), "/v1/stream?x=1");
  EXPECT_EQ(Accepted(Head("GET http://a/b%20c?x HTTP/1.1")).request.path, "/b c");
  EXPECT_EQ(target_of("HTTPS://A/b"), "/b");
  EXPECT_EQ(target_of("http://a"), "/");
  EXPECT_EQ(target_of("http://a?x"), "/?x");
  EXPECT_EQ(Accepted("GET http://a:80/b HTTP/1.0\r\n\r\n").request.target, "/b");
  // Two hosts are two requests to two readers.
  for (const std::string target : {"http://b/", "http://a:80/", "http://a.a/", "https://aa"}) {
    ExpectRefused(Head("GET " + target + " HTTP/1.1"), 400, Reason::kHost);
  }
}

TEST(RequestHead, RefusesOtherTargets) {
  for (const std::string target :
       {"http:///", "http://", "http://u@a/", "ftp://a/", "http:/a", "*", "a", "a:443", "?x",
        "/a#b", "/%", "/%4", "/%zz", "/%00", "/?a=%", "/?%zz", "/?a=%00", "/?%00"}) {
    ExpectRefused(Head("GET " + target + " HTTP/1.1"), 400, Reason::kTarget);
  }
  ExpectRefused(Head("CONNECT a:443 HTTP/1.1"), 400, Reason::kTarget);
  Accepted(Head("GET //a HTTP/1.1"));
  Accepted(Head("GET /?&&=&a&=b HTTP/1.1"));
}

TEST(RequestHead, RefusesFoldedLines) {
  for (const std::string fields :
       {"X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "X:\r\n a\r\n", " X: a\r\n"}) {
    ExpectRefused(Head("GET / HTTP/1.1", kHost + fields), 400, Reason::kMalformed);
  }
  ExpectRefused(Head("GET / HTTP/1.1", " " + kHost), 400, Reason::kMalformed);
}

TEST(RequestHead, RefusesOtherLineEnds) {
  ExpectRefused("GET / HTTP/1.1\nHost: a\r\n\r\n", 400, Reason::kMalformed);
  ExpectRefused("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, Reason::kMalformed);
  ExpectRefused("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400, Reason::kMalformed);
  ExpectRefused("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400, Reason::kMalformed);
}

TEST(RequestHead, RefusesControlCharacters) {
  for (const char c : "\0\x01\x08\x0B\x1F\x7F"s) {
    const std::string control(1, c);
    ExpectRefused(Head("GET / HTTP/1.1", kHost + "X: a" + control + "b\r\n"), 400,
                  Reason::kMalformed);
    ExpectRefused(Head("GET / HTTP/1.1", kHost + "X" + control + ": a\r\n"), 400,
                  Reason::kMalformed);
    ExpectRefused(Head("GET /" + control + " HTTP/1.1"), 400, Reason::kMalformed);
  }
  ExpectRefused(Head("GET /\t HTTP/1.1"), 400, Reason::kMalformed);
  ExpectRefused(Head("GET /\xC3\xA9 HTTP/1.1"), 400, Reason::kMalformed);
}

TEST(RequestHead, RefusesMalformedLines) {
  for (const std::string line :
       {"GET", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1", "G(T / HTTP/1.1", "/ HTTP/1.1"}) {
    const auto parsed = ParseRequestHead(Head(line));
    const auto* refusal = std::get_if<Refusal>(&parsed);
    ASSERT_NE(refusal, nullptr) << line;
    EXPECT_GE(refusal->status, 400) << line;
  }
  for (const std::string field :
       {"X\r\n", ": a\r\n", "X : a\r\n", "X\t: a\r\n", "X(: a\r\n", "\xC3\xA9: a\r\n"}) {
    ExpectRefused(Head("GET / HTTP/1.1", kHost + field), 400, Reason::kMalformed);
  }
}

TEST(RequestHead, SpeaksTwoVersionsOnly) {
  for (const std::string version :
       {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.1 ", "HTTP/11"}) {
    const auto parsed = ParseRequestHead(Head("GET / " + version));
    const auto* refusal = std::get_if<Refusal>(&parsed);
    ASSERT_NE(refusal, nullptr) << version;
    EXPECT_TRUE(refusal->status == 505 || refusal->status == 400) << version;
  }
  ExpectRefused(Head("GET / HTTP/2.0"), 505, Reason::kVersion);
}

TEST(RequestHead, KnowsOneExpectation) {
  EXPECT_TRUE(
      Accepted(Head("POST / HTTP/1.1", kHost + "Expect: 100-Continue\r\n")).expects_continue);
  EXPECT_FALSE(
      Accepted(Head("POST / HTTP/1.0", kHost + "Expect: 100-continue\r\n")).expects_continue);
  ExpectRefused(Head("POST / HTTP/1.1", kHost + "Expect: tea\r\n"), 417, Reason::kExpectation);
}

// Whatever is cut off, inserted or changed: an answer, not a crash. (The sanitizers watch.)
TEST(RequestHead, SurvivesEveryOneByteChange) {
  const std::string good =
      Head("POST /a?b=%20 HTTP/1.1", kHost + "Content-Length: 10\r\nConnection: close\r\n");
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[at] = static_cast<char>(byte);
      const auto parsed = ParseRequestHead(changed);
      if (const auto* head = std::get_if<RequestHead>(&parsed)) {
        EXPECT_TRUE(head->request.target.starts_with('/'));
        EXPECT_EQ(head->request.path.find('\0'), std::string::npos);
        EXPECT_TRUE(head->request.Header("Host") || head->request.minor_version == 0);
      }
    }
    ParseRequestHead(good.substr(0, at));
  }
}

}  // namespace
}  // namespace belfry::http
