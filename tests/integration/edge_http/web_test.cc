// SPDX-License-Identifier: Apache-2.0
// The web client's files as the edge serves them, with its real HTTP server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "services/edge/web/web.h"
#include "tests/integration/edge_http/edge.h"

namespace belfry::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::array<WebAsset, 2> kTwo = {{
    {"/widget.0123abcd.js", "0123abcd", true, "sha384-x", "plain", "zipped", "squeezed"},
    {"/widget.js", "0123abcd", false, "sha384-x", "plain", "zipped", "squeezed"},
}};

struct Answer {
  std::string head;
  std::string body;
};

class WebTest : public EdgeTest {
 protected:
  void Serve(std::span<const WebAsset> assets) {
    Routes routes;
    AddWeb(routes, assets);
    Start(std::move(routes));
  }

  Answer Ask(const std::string& path, const std::vector<std::string>& headers = {}) {
    std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    for (const std::string& header : headers) {
      request += header + "\r\n";
    }
    Client client;
    client.Open(cores->port(), request + "\r\n");
    EXPECT_TRUE(client.ReadToEnd());
    return {client.head(), client.body()};
  }
};

TEST_F(WebTest, AnyPageMayLoadIt) {
  Serve(kTwo);
  const Answer answer = Ask("/widget.js");
  EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answer.body, "plain");
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/javascript; charset=utf-8\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Cross-Origin-Resource-Policy: cross-origin\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(WebTest, AnOriginThatMayDoMoreGetsOneAnswerAboutIt) {
  options.cors_origins = {"https://app.example.com"};
  Serve(kTwo);
  const Answer answer = Ask("/widget.js", {"Origin: https://app.example.com"});
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control-Allow-Origin: https")));
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control-Allow-Credentials")));
}

TEST_F(WebTest, TheNameWithTheHashIsKeptForEverAndThePlainOneForAWhile) {
  Serve(kTwo);
  EXPECT_THAT(Ask("/widget.0123abcd.js").head,
              HasSubstr("Cache-Control: public, max-age=31536000, immutable\r\n"));
  EXPECT_THAT(Ask("/widget.js").head, HasSubstr("Cache-Control: public, max-age=300\r\n"));
  EXPECT_THAT(Ask("/widget.ffff.js").head, StartsWith("HTTP/1.1 404"));
}

TEST_F(WebTest, IsCompressedAsTheBrowserLikes) {
  Serve(kTwo);
  const Answer brotli = Ask("/widget.js", {"Accept-Encoding: gzip, deflate, br, zstd"});
  EXPECT_EQ(brotli.body, "squeezed");
  EXPECT_THAT(brotli.head, HasSubstr("Content-Encoding: br\r\n"));
  EXPECT_THAT(brotli.head, HasSubstr("Vary: Accept-Encoding\r\n"));
  const Answer gzip = Ask("/widget.js", {"Accept-Encoding: gzip, br;q=0"});
  EXPECT_EQ(gzip.body, "zipped");
  EXPECT_THAT(gzip.head, HasSubstr("Content-Encoding: gzip\r\n"));
  const Answer identity = Ask("/widget.js", {"Accept-Encoding: identity"});
  EXPECT_EQ(identity.body, "plain");
  EXPECT_THAT(identity.head, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(identity.head, HasSubstr("Vary: Accept-Encoding\r\n"));
}

TEST_F(WebTest, WhatTheBrowserHasIsNotSentAgain) {
  Serve(kTwo);
  const std::string gzip = "Accept-Encoding: gzip";
  EXPECT_THAT(Ask("/widget.js", {gzip}).head, HasSubstr("ETag: \"0123abcd-gzip\"\r\n"));
  const Answer same = Ask("/widget.js", {gzip, "If-None-Match: \"other\", W/\"0123abcd-gzip\""});
  EXPECT_THAT(same.head, StartsWith("HTTP/1.1 304"));
  EXPECT_THAT(same.head, HasSubstr("ETag: \"0123abcd-gzip\"\r\n"));
  EXPECT_EQ(same.body, "");
  const Answer other = Ask("/widget.js", {gzip, "If-None-Match: \"0123abcd\""});
  EXPECT_THAT(other.head, StartsWith("HTTP/1.1 200")) << "that was another coding";
}

TEST(ChooseCoding, TakesTheSmallestThatIsAllowed) {
  EXPECT_EQ(ChooseCoding(std::nullopt), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding(""), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding("BR"), Coding::kBrotli);
  EXPECT_EQ(ChooseCoding("gzip;q=0.001,br;q=0.000"), Coding::kGzip);
  EXPECT_EQ(ChooseCoding("gzip; q=0, br ; Q=0"), Coding::kIdentity);
  EXPECT_EQ(ChooseCoding("brotli, xgzip"), Coding::kIdentity);
}

#ifdef BELFRY_WEB
TEST_F(WebTest, TheHeadlessClientIsPartOfTheEdge) {
  Serve(WebAssets());
  const Answer plain = Ask("/belfry.js");
  EXPECT_THAT(plain.head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(plain.body, HasSubstr("createClient"));
  for (const WebAsset& asset : WebAssets()) {
    const Answer one = Ask(std::string(asset.path), {"Accept-Encoding: br"});
    EXPECT_THAT(one.head, HasSubstr("Content-Encoding: br\r\n")) << asset.path;
    EXPECT_EQ(one.body, asset.brotli) << asset.path;
  }
}
#else
TEST_F(WebTest, ABuildWithoutItServesNoneOfIt) {
  Serve(WebAssets());
  EXPECT_THAT(Ask("/belfry.js").head, StartsWith("HTTP/1.1 404"));
}
#endif

}  // namespace
}  // namespace belfry::edge
