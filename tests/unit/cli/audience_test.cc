// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "clients/cli/arguments.h"
#include "clients/cli/audience_request.h"

namespace belfry::cli {
namespace {

using What = AudienceCommand::What;

Arguments Parse(std::vector<const char*> words, std::string* errors = nullptr) {
  words.insert(words.begin(), "belfry");
  std::ostringstream out;
  std::ostringstream err;
  const Environment environment(
      std::map<std::string, std::string>{{"BELFRY_API_KEY", "dev.secret"}});
  Arguments arguments =
      ParseArguments(static_cast<int>(words.size()), words.data(), environment, out, err);
  if (errors != nullptr) {
    *errors = err.str();
  }
  return arguments;
}

// The request of a command line as one text: "POST /v1/... {...}".
std::string Asks(const std::vector<const char*>& words) {
  std::string errors;
  const Arguments arguments = Parse(words, &errors);
  EXPECT_TRUE(arguments.command) << errors;
  if (!arguments.command) {
    return {};
  }
  const auto request = RequestOf(std::get<AudienceCommand>(*arguments.command));
  return request.method + " " + request.path + " " + request.body;
}

TEST(AudienceCommands, AskForWhatTheyAreNamedAfter) {
  EXPECT_EQ(Asks({"segment", "create", "beta"}), "PUT /v1/segments/beta ");
  EXPECT_EQ(Asks({"segment", "delete", "beta"}), "DELETE /v1/segments/beta ");
  EXPECT_EQ(Asks({"segment", "list", "--after", "a b", "--limit", "5"}),
            "GET /v1/segments?after=a%20b&limit=5 ");
  EXPECT_EQ(Asks({"segment", "add", "beta", "alice", "bob"}),
            R"(POST /v1/segments/beta/add {"userIds":["alice","bob"]})");
  EXPECT_EQ(Asks({"segment", "remove", "beta", "alice"}),
            R"(POST /v1/segments/beta/remove {"userIds":["alice"]})");
  EXPECT_EQ(Asks({"segment", "members", "plan:pro", "--limit", "5"}),
            "GET /v1/segments/plan%3apro/members?limit=5 ");
  EXPECT_EQ(Asks({"user", "set", "a/b", "plan=pro", "role=a=b"}),
            R"(PUT /v1/users/a%2fb {"attributes":{"plan":"pro","role":"a=b"}})");
  EXPECT_EQ(Asks({"user", "set", "alice"}), R"(PUT /v1/users/alice {"attributes":{}})");
  EXPECT_EQ(Asks({"user", "show", "alice"}), "GET /v1/users/alice ");
  EXPECT_EQ(Asks({"user", "show", "bulk"}), "GET /v1/users/%62ulk ");
  EXPECT_EQ(Asks({"user", "list"}), "GET /v1/users ");
  EXPECT_EQ(Asks({"user", "erase", "alice"}), "DELETE /v1/users/alice ");
  EXPECT_EQ(Asks({"operation", "17", "--wait"}), "GET /v1/operations/17 ");
}

TEST(AudienceCommands, RefuseWhatCannotBeMeant) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{"segment"},
                                                {"segment", "add", "beta"},
                                                {"user"},
                                                {"user", "set", "alice", "plan"},
                                                {"operation"},
                                                {"operation", "17", "--timeout", "5s"},
                                                {"user", "list", "--ingest", "10.0.0.1:7180"}}) {
    EXPECT_EQ(Parse(words).exit_code, kUsage);
  }
}

TEST(AudienceCommands, PrintForPeople) {
  EXPECT_EQ(AudienceLines(What::kCreateSegment, {201, "{}"}), "created\n");
  EXPECT_EQ(AudienceLines(What::kCreateSegment, {200, "{}"}), "it was there already\n");
  EXPECT_EQ(AudienceLines(What::kDeleteSegment, {204, ""}), "deleted\n");
  EXPECT_EQ(AudienceLines(What::kAddMembers, {200, R"({"members":3})"}), "3 members\n");
  EXPECT_EQ(AudienceLines(What::kListSegments,
                          {200, R"({"segments":[{"segment":"plan:pro","members":3}]})"}),
            "plan:pro  3 members\n");
  EXPECT_EQ(AudienceLines(What::kListMembers, {200, R"({"userIds":["a","b\u001b"]})"}),
            "a\nb\\x1b\n");
  EXPECT_EQ(
      AudienceLines(What::kShowUser,
                    {200, R"({"userId":"a","attributes":{"plan":"pro"},"segments":["beta","x"]})"}),
      "a  plan=pro  in beta,x\n");
  EXPECT_EQ(AudienceLines(What::kEraseUser, {202, R"({"operationId":"17"})"}),
            "erased; operation 17\n");
  EXPECT_EQ(AudienceLines(
                What::kOperation,
                {200, R"({"operationId":"17","kind":"notify_segment","state":"failed","total":9,)"
                      R"("done":4,"suppressed":1,"failed":2,"errors":["disk full"]})"}),
            "17  notify_segment  failed  4 of 9, 1 suppressed, 2 failed\n  disk full\n");
  EXPECT_EQ(NextAfter(R"({"userIds":[],"nextAfter":"bob"})"), "bob");
  EXPECT_EQ(NextAfter(R"({"nextAfter":null})"), "");
  EXPECT_EQ(StateOf(R"({"state":"running"})"), "running");
}

}  // namespace
}  // namespace belfry::cli
