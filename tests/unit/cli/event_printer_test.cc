// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/event_printer.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "clients/cli/exit_codes.h"

namespace belfry::cli {
namespace {

using Kind = http::SseEvent::Kind;

http::SseEvent Event(std::string name, std::string data, std::string id = "7") {
  http::SseEvent event;
  event.event = std::move(name);
  event.data = std::move(data);
  event.id = std::move(id);
  event.has_id = true;
  return event;
}

TEST(EventLines, ShowsANotificationToPeople) {
  EXPECT_EQ(EventLines(Event("notification", R"({"id":"7","level":"warning","title":"Lunch?",)"
                                             R"("body":"At noon.","kind":"a.b"})"),
                       false, false),
            "7  warning  Lunch? - At noon.  (a.b)\n");
  EXPECT_EQ(EventLines(Event("notification", R"({"level":"info","title":"Hi"})"), false, false),
            "7  info  Hi\n");
}

TEST(EventLines, ShowsEachOfABatch) {
  EXPECT_EQ(EventLines(Event("notifications", R"([{"title":"a"},{"title":"b"}])"), false, false),
            "7    a\n7    b\n");
}

TEST(EventLines, ShowsAStateInWords) {
  EXPECT_EQ(EventLines(Event("state", R"({"op":"read","ids":["5","6"],"counts":{"unreadCount":2,)"
                                      R"("unseenCount":1,"byKind":{"a.b":1,"":1}}})"),
                       false, false),
            "7  state  read 5 6; 2 unread (a.b 1, other 1), 1 unseen\n");
  EXPECT_EQ(EventLines(Event("state", R"({"op":"read_all","upTo":"6","kind":"a."})"), false, false),
            "7  state  read all up to 6 of a.\n");
}

TEST(EventLines, ShowsOtherEventsAsTheyAre) {
  EXPECT_EQ(EventLines(Event("bye", R"({"reason":"draining"})", ""), false, false),
            "  bye  {\"reason\":\"draining\"}\n");
}

TEST(EventLines, TextFromOutsideCannotPlayWithTheTerminal) {
  const std::string line = EventLines(
      Event("notification", R"({"title":"a\u001b[2Jb\nc\rd\u0007\u009b1m\u007f"})"), false, false);
  EXPECT_EQ(line, "7    a\\x1b[2Jb\\x0ac\\x0dd\\x07\\x9b1m\\x7f\n");
  EXPECT_EQ(EventLines(Event("x\x1b[31m", "not json\x1b"), false, false),
            "7  x\\x1b[31m  not json\\x1b\n");
}

TEST(EventLines, GivesScriptsOneJsonObjectALine) {
  EXPECT_EQ(
      EventLines(Event("notification", "{\"id\":\"7\",\"meta\":{\"a\":1.5}}"), true, false),
      "{\"event\":\"notification\",\"id\":\"7\",\"data\":{\"id\":\"7\",\"meta\":{\"a\":1.5}}}\n");
  EXPECT_EQ(EventLines(Event("x", "{\"a\":\n1}"), true, false),
            "{\"event\":\"x\",\"id\":\"7\",\"data\":{\"a\": 1}}\n");
  EXPECT_EQ(EventLines(Event("x", "no \"json\"\n"), true, false),
            "{\"event\":\"x\",\"id\":\"7\",\"data\":\"no \\\"json\\\"\\n\"}\n");
}

TEST(EventLines, ShowsBookmarksAndHeartbeatsOnlyWhenAsked) {
  http::SseEvent bookmark = Event("message", "", "9");
  bookmark.kind = Kind::kSilent;
  http::SseEvent comment;
  comment.kind = Kind::kComment;
  comment.data = " hb";
  for (const bool json : {false, true}) {
    EXPECT_EQ(EventLines(bookmark, json, false), "");
    EXPECT_EQ(EventLines(comment, json, false), "");
  }
  EXPECT_EQ(EventLines(bookmark, false, true), "9  bookmark\n");
  EXPECT_EQ(EventLines(comment, false, true), ": hb\n");
  EXPECT_EQ(EventLines(bookmark, true, true),
            "{\"event\":\"bookmark\",\"id\":\"9\",\"data\":\"\"}\n");
}

TEST(NotificationsIn, CountsThem) {
  EXPECT_EQ(NotificationsIn(Event("notification", "{}")), 1u);
  EXPECT_EQ(NotificationsIn(Event("notifications", "[{},{},{}]")), 3u);
  EXPECT_EQ(NotificationsIn(Event("notifications", "nonsense")), 0u);
  EXPECT_EQ(NotificationsIn(Event("connected", "{}")), 0u);
}

TEST(HeartbeatIn, ReadsTheIntervalThatConnectedStates) {
  EXPECT_EQ(HeartbeatIn(Event("connected", R"({"heartbeatMs":20000})")),
            std::chrono::milliseconds(20'000));
  EXPECT_EQ(HeartbeatIn(Event("connected", R"({"heartbeatMs":-5})")),
            std::chrono::milliseconds(100));
  EXPECT_FALSE(HeartbeatIn(Event("connected", R"({"heartbeatMs":"x"})")));
  EXPECT_FALSE(HeartbeatIn(Event("connected", "x")));
  EXPECT_FALSE(HeartbeatIn(Event("other", R"({"heartbeatMs":20000})")));
}

TEST(Report, SaysWhatHappenedToPeopleAndScripts) {
  Error error{Code::kInvalidArgument, "bad \x1b title", "BAD", {{"title", "required"}}, {}};
  std::ostringstream text;
  EXPECT_EQ(Report(error, false, text), kRefused);
  EXPECT_EQ(text.str(), "belfry: INVALID_ARGUMENT: bad \\x1b title; title: required\n");
  std::ostringstream json;
  EXPECT_EQ(Report(error, true, json), kRefused);
  EXPECT_EQ(
      json.str(),
      "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"bad \\u001b title\",\"reason\":"
      "\"BAD\",\"errors\":[{\"field\":\"title\",\"description\":\"required\"}]}}\n");
}

TEST(ExitCodeOf, DistinguishesRefusedFromUnknown) {
  for (const Code refused :
       {Code::kInvalidArgument, Code::kUnauthenticated, Code::kPermissionDenied,
        Code::kFailedPrecondition, Code::kResourceExhausted}) {
    EXPECT_EQ(ExitCodeOf(refused), kRefused) << CodeName(refused);
  }
  for (const Code unknown : {Code::kUnavailable, Code::kDeadlineExceeded, Code::kCancelled,
                             Code::kUnknown, Code::kInternal, Code::kDataLoss, Code::kAborted}) {
    EXPECT_EQ(ExitCodeOf(unknown), kUnavailable) << CodeName(unknown);
  }
}

}  // namespace
}  // namespace belfry::cli
