// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/cross_site.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace belfry::edge {
namespace {

bool Allows(std::vector<std::pair<std::string, std::string>> headers) {
  http::Request request;
  request.headers = std::move(headers);
  request.headers.emplace_back("Host", "bell.example.com");
  return CrossSite({"https://app.example.com"}).Allows(request);
}

TEST(CrossSite, TheOwnOriginAndConfiguredOnesAreAllowed) {
  EXPECT_TRUE(Allows({{"Origin", "https://bell.example.com"}}));
  EXPECT_TRUE(Allows({{"Origin", "http://bell.example.com"}}));
  EXPECT_TRUE(Allows({{"Origin", "https://app.example.com"}}));
  EXPECT_TRUE(Allows({{"Origin", "https://app.example.com"}, {"Sec-Fetch-Site", "same-site"}}));
}

TEST(CrossSite, OtherOriginsAreNot) {
  for (const char* origin : {"https://evil.example", "null", "", "https://bell.example.com.evil",
                             "https://bell.example.com:8443", "https://app.example.com.evil"}) {
    EXPECT_FALSE(Allows({{"Origin", origin}})) << origin;
    EXPECT_FALSE(Allows({{"Origin", origin}, {"Sec-Fetch-Site", "cross-site"}})) << origin;
    EXPECT_FALSE(Allows({{"Origin", origin}, {"Authorization", "Basic YTpi"}})) << origin;
  }
}

TEST(CrossSite, TheBrowsersOwnJudgementCounts) {
  EXPECT_TRUE(Allows({{"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(Allows({{"Sec-Fetch-Site", "none"}}));
  EXPECT_FALSE(Allows({{"Sec-Fetch-Site", "same-site"}}));
  EXPECT_FALSE(Allows({{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_FALSE(Allows({{"Sec-Fetch-Site", "anything"}}));
  // A proxy may change Host.
  EXPECT_TRUE(Allows({{"Origin", "https://outside.example"}, {"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_FALSE(Allows({{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "none"}}));
  EXPECT_FALSE(Allows({{"Origin", "https://bell.example.com"}, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST(CrossSite, WithNeitherHeaderOnlyAnAuthorizationHeaderIsAllowed) {
  EXPECT_FALSE(Allows({}));
  EXPECT_TRUE(Allows({{"Authorization", "Basic YTpi"}}));
}

}  // namespace
}  // namespace belfry::edge
