// SPDX-License-Identifier: Apache-2.0
#include "libs/http/message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/http/response_bytes.h"

namespace belfry::http {
namespace {

using std::string_literals::operator""s;

TEST(PercentDecode, DecodesOnce) {
  EXPECT_EQ(PercentDecode("/a%20b%2Fc%252F+", false), "/a b/c%2F+");
  EXPECT_EQ(PercentDecode("a+b%2B", true), "a b+");
  EXPECT_EQ(PercentDecode("%00%ff", false), "\0\xFF"s);
  EXPECT_EQ(PercentDecode("", false), "");
}

TEST(PercentDecode, RefusesWhatIsMalformed) {
  for (const char* text : {"%", "a%", "%4", "%zz", "%4g", "%g4", "% 41", "%+41", "%-1"}) {
    EXPECT_FALSE(PercentDecode(text, false)) << text;
  }
}

TEST(Request, FindsHeadersWithoutCase) {
  Request request;
  request.headers = {{"X-A", "1"}, {"x-a", "2"}, {"X-Ab", "3"}};
  EXPECT_EQ(request.Header("x-A"), "1");
  EXPECT_EQ(request.Header("x-ab"), "3");
  EXPECT_FALSE(request.Header("x-"));
}

TEST(Request, FindsTheFirstQueryValue) {
  Request request;
  request.query = {{"a", "1"}, {"a", "2"}, {"A", "3"}};
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("A"), "3");
  EXPECT_FALSE(request.Query("b"));
}

std::vector<std::string> CookiesOf(const Request& request, std::string_view name) {
  const auto found = request.Cookies(name);
  return {found.begin(), found.end()};
}

TEST(Request, FindsCookies) {
  using List = std::vector<std::string>;
  Request request;
  request.headers = {{"Cookie", "a=1; belfry_token=x.y.z;b=2; a=\"4\""},
                     {"cookie", "c=\"3\"; d=; a=5"}};
  EXPECT_EQ(CookiesOf(request, "a"), (List{"1", "4", "5"}));
  EXPECT_EQ(CookiesOf(request, "belfry_token"), (List{"x.y.z"}));
  EXPECT_EQ(CookiesOf(request, "c"), (List{"3"}));
  EXPECT_EQ(CookiesOf(request, "d"), (List{""}));
  EXPECT_EQ(CookiesOf(request, "token"), List{});
  EXPECT_EQ(CookiesOf(request, "A"), List{});
  EXPECT_EQ(CookiesOf(request, ""), List{});
}

TEST(Request, FindsNoCookieInNonsense) {
  Request request;
  request.headers = {{"Cookie", ";;; =; a; \"; a b=c"}};
  EXPECT_TRUE(request.Cookies("a").empty());
  EXPECT_TRUE(request.Cookies("b").empty());
}

TEST(Problem, SaysWhatIsWrong) {
  Error error{Code::kInvalidArgument, "two \"fields\"\r\n", "BAD_FIELDS", {}, {}};
  error.violations = {{"title", "required"}, {"body", "too long"}};
  const Response response = Problem(error);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"about:blank","title":"Bad Request","status":400,)"
                           R"("detail":"two \"fields\"\r\n","reason":"BAD_FIELDS",)"
                           R"("errors":[{"field":"title","description":"required"},)"
                           R"({"field":"body","description":"too long"}]})");
  EXPECT_TRUE(response.headers.empty());
}

TEST(Problem, MapsEachCode) {
  const std::pair<Code, int> kTable[] = {
      {Code::kInvalidArgument, 400},   {Code::kOutOfRange, 400},
      {Code::kUnauthenticated, 401},   {Code::kPermissionDenied, 403},
      {Code::kNotFound, 404},          {Code::kAlreadyExists, 409},
      {Code::kAborted, 409},           {Code::kFailedPrecondition, 422},
      {Code::kResourceExhausted, 429}, {Code::kCancelled, 499},
      {Code::kUnavailable, 503},       {Code::kDeadlineExceeded, 504},
      {Code::kInternal, 500},          {Code::kUnknown, 500},
      {Code::kDataLoss, 500},          {Code::kUnimplemented, 500}};
  for (const auto& [code, status] : kTable) {
    EXPECT_EQ(Problem(Error{code, "x", {}, {}, {}}).status, status) << CodeName(code);
  }
}

TEST(Problem, StatesWhenToTryAgainInWholeSecondsRoundedUp) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  Error error{Code::kResourceExhausted, "slow down", {}, {}, std::chrono::milliseconds(1001)};
  EXPECT_EQ(Problem(error).headers, (Headers{{"Retry-After", "2"}}));
  error.retry_after = std::nullopt;
  EXPECT_EQ(Problem(error).headers, (Headers{{"Retry-After", "1"}}));
  error.code = Code::kUnavailable;
  EXPECT_EQ(Problem(error).headers, (Headers{{"Retry-After", "1"}}));
}

TEST(ResponseBytes, WritesHeadAndBody) {
  Response response;
  response.headers = {{"X-A", "b"}};
  response.body = "hello";
  EXPECT_EQ(ResponseBytes(response, false, false, 784'111'777),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");
}

TEST(ResponseBytes, LeavesOutAHeadsBodyButNotItsLength) {
  Response response;
  response.body = "hello";
  const std::string bytes = ResponseBytes(response, true, true, 0);
  EXPECT_NE(bytes.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("Connection: close\r\n\r\n"));
}

TEST(ResponseBytes, GivesNoContentNoLength) {
  Response response;
  response.status = 204;
  EXPECT_EQ(ResponseBytes(response, false, false, 0),
            "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST(ResponseBytesDeathTest, AbortsOnTextThatCouldBreakTheHead) {
  for (const std::string& value : {"a\r\nSet-Cookie: b"s, "a\nb"s, "a\rb"s, "a\0b"s, "a\x7F"s}) {
    Response response;
    response.headers = {{"X-A", value}};
    EXPECT_DEATH(ResponseBytes(response, false, false, 0), "CHECK failed");
    response.headers = {{value, "b"}};
    EXPECT_DEATH(ResponseBytes(response, false, false, 0), "CHECK failed");
    response.headers.clear();
    response.content_type = value;
    EXPECT_DEATH(ResponseBytes(response, false, false, 0), "CHECK failed");
  }
  Response response;
  response.headers = {{"", "b"}};
  EXPECT_DEATH(ResponseBytes(response, false, false, 0), "CHECK failed");
  response.headers = {{"A B", "b"}};
  EXPECT_DEATH(ResponseBytes(response, false, false, 0), "CHECK failed");
}

}  // namespace
}  // namespace belfry::http
