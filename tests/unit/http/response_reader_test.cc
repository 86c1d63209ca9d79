// SPDX-License-Identifier: Apache-2.0
#include "libs/http/response_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry::http {
namespace {

// The body, however the bytes are cut.
std::string BodyOf(const std::string& bytes, bool done) {
  std::string first;
  for (std::size_t step = 1; step <= bytes.size(); step += step < 5 ? 1 : bytes.size()) {
    ResponseReader reader;
    std::string body;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const Status fed = reader.Feed(std::string_view(bytes).substr(at, step), &body);
      EXPECT_TRUE(fed.ok()) << fed.error().ToString();
    }
    EXPECT_TRUE(reader.head_done());
    EXPECT_EQ(reader.done(), done);
    if (step == 1) {
      first = body;
    }
    EXPECT_EQ(body, first) << "in steps of " << step;
  }
  return first;
}

TEST(ResponseReader, ReadsABodyByItsLength) {
  EXPECT_EQ(BodyOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true), "hello");
  EXPECT_EQ(BodyOf("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true), "");
  EXPECT_EQ(BodyOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false), "hel");
}

TEST(ResponseReader, ReadsABodyUntilTheConnectionEnds) {
  EXPECT_EQ(BodyOf("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: a\n\ndata", false),
            "data: a\n\ndata");
}

TEST(ResponseReader, ReadsABodyByChunks) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(BodyOf(head + "3\r\nabc\r\n2;x=y\r\nde\r\n", false), "abcde");
  EXPECT_EQ(BodyOf(head + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", true), "abc0123456789");
}

TEST(ResponseReader, PassesOnBytesAsTheyCome) {
  ResponseReader reader;
  std::string body;
  ASSERT_TRUE(
      reader.Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n: hb\n\n", &body)
          .ok());
  EXPECT_EQ(body, ": hb\n\n") << "a chunk that is not whole yet";
}

TEST(ResponseReader, KnowsStatusAndHeaders) {
  ResponseReader reader;
  std::string body;
  ASSERT_TRUE(reader.Feed("HTTP/1.1 503 No\r\nRetry-", &body).ok());
  EXPECT_FALSE(reader.head_done());
  ASSERT_TRUE(reader.Feed("After: 7\r\nContent-Length: 0\r\n\r\n", &body).ok());
  ASSERT_TRUE(reader.head_done());
  EXPECT_EQ(reader.status(), 503);
  EXPECT_EQ(reader.Header("retry-after"), "7");
  EXPECT_FALSE(reader.Header("retry"));
}

TEST(ResponseReader, RefusesWhatIsNoResponse) {
  for (const std::string bytes : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
                                  "\x15\x03\x03 an alert of TLS\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    ResponseReader reader;
    std::string body;
    EXPECT_FALSE(reader.Feed(bytes, &body).ok()) << bytes;
  }
}

TEST(ResponseReader, BoundsItsHead) {
  ResponseReader reader(100);
  std::string body;
  Status fed = reader.Feed("HTTP/1.1 200 OK\r\n", &body);
  for (int i = 0; fed.ok() && i < 100; ++i) {
    fed = reader.Feed("X: 0123456789\r\n", &body);
  }
  EXPECT_FALSE(fed.ok());
}

}  // namespace
}  // namespace belfry::http
