// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "clients/cli/arguments.h"
#include "clients/cli/inbox_request.h"

namespace belfry::cli {
namespace {

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
  const auto request = RequestOf(std::get<InboxCommand>(*arguments.command));
  return request.method + " " + request.path + " " + request.body;
}

TEST(InboxCommands, AskForWhatTheyAreNamedAfter) {
  EXPECT_EQ(Asks({"list", "-u", "a/b", "--limit", "5", "--unread", "--kind", "a."}),
            "GET /v1/users/a%2fb/notifications?limit=5&unread=true&kind=a. ");
  EXPECT_EQ(Asks({"read", "-u", "alice", "7", "8"}),
            R"(POST /v1/users/alice/notifications/bulk {"op":"read","ids":["7","8"]})");
  EXPECT_EQ(Asks({"delete", "-u", "alice", "7"}),
            R"(POST /v1/users/alice/notifications/bulk {"op":"delete","ids":["7"]})");
  EXPECT_EQ(Asks({"read-all", "-u", "alice", "--up-to", "7", "--kind", "a."}),
            R"(POST /v1/users/alice/notifications/read-all {"upTo":"7","kind":"a."})");
  EXPECT_EQ(Asks({"seen", "-u", "alice", "--up-to", "7"}),
            R"(POST /v1/users/alice/notifications/seen {"upTo":"7"})");
  EXPECT_EQ(Asks({"counts", "-u", "alice"}), "GET /v1/users/alice/counts ");
  EXPECT_EQ(Asks({"preferences", "-u", "alice"}), "GET /v1/users/alice/preferences ");
  EXPECT_EQ(Asks({"preferences", "-u", "alice", "--mute", "a.", "b."}),
            R"(PUT /v1/users/alice/preferences {"mutedKinds":["a.","b."]})");
  EXPECT_EQ(Asks({"preferences", "-u", "alice", "--mute-none"}),
            R"(PUT /v1/users/alice/preferences {"mutedKinds":[]})");
}

TEST(InboxCommands, RetractOneThing) {
  EXPECT_EQ(Asks({"retract", "-u", "alice", "7"}),
            R"(POST /v1/retract {"userId":"alice","id":"7"})");
  EXPECT_EQ(Asks({"retract", "--broadcast", "7"}), R"(POST /v1/retract {"broadcastId":"7"})");
  EXPECT_EQ(Asks({"retract", "--idempotency-key", "k"}),
            R"(POST /v1/retract {"idempotencyKey":"k"})");
  for (const std::vector<const char*>& words : {std::vector<const char*>{"retract"},
                                                {"retract", "7"},
                                                {"retract", "-u", "alice"},
                                                {"retract", "--broadcast", "7", "-u", "alice"}}) {
    EXPECT_EQ(Parse(words).exit_code, kUsage);
  }
  EXPECT_EQ(Parse({"counts", "-u", "a", "--ingest", "10.0.0.1:7180"}).exit_code, kUsage);
}

TEST(InboxCommands, PrintForPeople) {
  EXPECT_EQ(
      InboxLines(R"({"notifications":[{"id":"7","level":"info","title":"Hi","kind":"a.b"},)"
                 R"({"id":"6","level":"info","title":"Old","readAt":"2026-01-01T00:00:00Z"}],)"
                 R"("counts":{"unreadCount":1,"unseenCount":0,"byKind":{"a.b":1}}})"),
      "7  unread  info  Hi  (a.b)\n6  read  info  Old\n1 unread (a.b 1), 0 unseen\n");
  EXPECT_EQ(InboxLines(R"({"results":[{"id":"7","status":200},{"id":"8","status":404}]})"),
            "7  done\n8  no such notification\n");
  EXPECT_EQ(InboxLines(R"({"mutedKinds":["a."]})"), "muted: a.\n");
  EXPECT_EQ(InboxLines("{}"), "");
}

TEST(InboxCommands, SayWhyTheyWereRefused) {
  const Error error = ErrorOf({400, R"({"detail":"1 field is invalid","reason":"INVALID_FIELDS",)"
                                    R"("errors":[{"field":"upTo","description":"required"}]})"});
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.reason, "INVALID_FIELDS");
  ASSERT_EQ(error.violations.size(), 1u);
  EXPECT_EQ(error.violations[0].field, "upTo");
  EXPECT_EQ(ErrorOf({502, "<html>"}).message, "HTTP 502");
}

}  // namespace
}  // namespace belfry::cli
