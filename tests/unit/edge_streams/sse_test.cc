// SPDX-License-Identifier: Apache-2.0
// What we frame, read back as a browser reads it.
#include "services/edge/core/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/sse_parser.h"

namespace belfry::edge {
namespace {

using http::SseEvent;
using http::SseParser;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<SseEvent> Parse(std::string_view bytes) {
  std::vector<SseEvent> events;
  SseParser parser;
  EXPECT_TRUE(parser.Feed(bytes, [&](const SseEvent& event) { events.push_back(event); }));
  return events;
}

// The data as a browser joins it: each of CR LF, CR and LF becomes one LF.
std::string Normalized(std::string_view text) {
  std::string joined;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      joined += '\n';
      i += text.substr(i + 1, 1) == "\n" ? 1 : 0;
    } else {
      joined += text[i];
    }
  }
  return joined;
}

TEST(Sse, AnEventIsReadBackAsItWas) {
  const auto events = Parse(EventFrame("notification", 42, R"({"title":"hi"})")->bytes);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, SseEvent::Kind::kEvent);
  EXPECT_EQ(events[0].event, "notification");
  EXPECT_EQ(events[0].id, "42");
  EXPECT_EQ(events[0].data, R"({"title":"hi"})");
}

TEST(Sse, HostileTextStaysDataWhateverItHolds) {
  const std::vector<std::string> hostile = {
      "",
      "\n",
      "\r\n\r\n",
      "a\n\nevent: bye\ndata: {}\n\n",
      "a\rid: 999\r\rb",
      "id: 1",
      ":comment",
      " leading and trailing ",
      "\xEF\xBB\xBF"
      "bom",
      "retry: 0\r\nevent: x",
      "x\r",
      "\r\n",
      "\n\r\n\r",
      "data: data: data:",
      "caf\xC3\xA9 \xF0\x9F\x94\x94",
  };
  for (const std::string& text : hostile) {
    const auto events = Parse(EventFrame("e", 7, text)->bytes + EventFrame("next", 8, "ok")->bytes);
    // Empty data fires nothing in a browser; all else is exactly one event.
    ASSERT_THAT(events, SizeIs(2)) << ::testing::PrintToString(text);
    EXPECT_EQ(events[0].data, Normalized(text));
    EXPECT_EQ(events[0].id, "7");
    EXPECT_FALSE(events[0].retry.has_value());
    EXPECT_EQ(events[1].event, "next");
  }
}

TEST(Sse, RandomTextNeverBreaksAFrame) {
  std::mt19937 random(3);
  constexpr std::string_view kAlphabet = "\r\n: aid\tevent\\\"{}";
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (std::uint32_t i = random() % 30; i > 0; --i) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    const auto events = Parse(EventFrame("e", 7, text)->bytes + EventFrame("next", 8, "ok")->bytes);
    ASSERT_THAT(events, SizeIs(2)) << ::testing::PrintToString(text);
    ASSERT_EQ(events[0].data, Normalized(text));
    ASSERT_EQ(events[0].event, "e");
    ASSERT_EQ(events[1].data, "ok");
  }
}

TEST(Sse, ANulInDataIsHarmless) {
  const auto events = Parse(EventFrame("e", 7, std::string_view("a\0b", 3))->bytes);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].data, std::string_view("a\0b", 3));
}

TEST(SseDeathTest, AnEventNameFromOutsideIsABug) {
  EXPECT_DEATH(EventFrame("a\nid: 5", 7, ""), "CHECK");
}

TEST(Sse, ANotificationKeepsItsJsonForGroups) {
  Entry entry;
  entry.id = 5;
  const FramePtr one = NotificationFrame(entry, R"({"a":1})", {});
  EXPECT_EQ(one->json(), R"({"a":1})");
  EXPECT_EQ(one->events, 1U);
  entry.id = 6;
  // A renderer that breaks its promise of one line must not break the group's frame.
  const FramePtr two = NotificationFrame(entry, "{\"b\":\r\n\n2}", {});
  const auto single = Parse(two->bytes);
  ASSERT_THAT(single, SizeIs(1));
  EXPECT_EQ(single[0].data, R"({"b":   2})");
  const std::vector<FramePtr> both = {one, two};
  const FramePtr group = GroupFrame(both);
  EXPECT_EQ(group->events, 2U);
  const auto events = Parse(group->bytes);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].event, "notifications");
  EXPECT_EQ(events[0].id, "6");
  EXPECT_EQ(events[0].data, R"([{"a":1},{"b":   2}])");
}

TEST(Sse, ABookmarkMovesTheCursorSilently) {
  const auto events = Parse(BookmarkFrame(9)->bytes);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, SseEvent::Kind::kSilent);
  EXPECT_EQ(events[0].id, "9");
}

TEST(Sse, TheHeadAndHeartbeatsFireNothingAndKeepTheCursor) {
  const auto events = Parse(BookmarkFrame(9)->bytes + HeadFrame("", milliseconds(1500))->bytes +
                            CommentFrame("h\r\nid: 5\nb")->bytes);
  for (const SseEvent& event : events) {
    EXPECT_NE(event.kind, SseEvent::Kind::kEvent);
    EXPECT_TRUE(event.kind == SseEvent::Kind::kComment || event.id == "9");
  }
  EXPECT_EQ(events.back().kind, SseEvent::Kind::kComment);
  EXPECT_THAT(events.back().data, HasSubstr("h  id: 5 b"));
}

TEST(Sse, ConnectedSaysWhoAndWhereInJson) {
  Connected connected;
  connected.connection_id = "c1";
  connected.user_id = "al\"ice\\\n\x01";
  connected.unread_count = 7;
  connected.up_to = 100;
  connected.heartbeat = milliseconds(20'000);
  connected.server_us = 1'700'000'000'123'456;
  const auto events = Parse(ConnectedFrame(90, connected)->bytes);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].id, "90");
  EXPECT_EQ(events[0].data,
            R"({"connectionId":"c1","userId":"al\"ice\\\u000a\u0001","unreadCount":7,)"
            R"("upTo":"100","heartbeatMs":20000,"serverTime":"2023-11-14T22:13:20.123456Z"})");
  EXPECT_FALSE(Parse(ConnectedFrame({}, connected)->bytes)[0].has_id);
  EXPECT_TRUE(Parse(ConnectedFrame(0, connected)->bytes)[0].has_id);
}

TEST(Sse, ByeCarriesItsRetryAndNoId) {
  for (const auto& [reason, name] : {std::pair{ByeReason::kDraining, "draining"},
                                     {ByeReason::kOverloaded, "overloaded"},
                                     {ByeReason::kEvicted, "evicted"},
                                     {ByeReason::kTokenExpired, "token_expired"}}) {
    const auto events = Parse(ByeFrame(reason, milliseconds(2'345))->bytes);
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].event, "bye");
    EXPECT_EQ(events[0].data, R"({"reason":")" + std::string(name) + R"("})");
    EXPECT_EQ(events[0].retry, milliseconds(2'345));
    EXPECT_FALSE(events[0].has_id);
  }
}

TEST(Sse, TimesAreRfc3339InUtc) {
  EXPECT_EQ(Rfc3339(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Rfc3339(951'782'400'000'001), "2000-02-29T00:00:00.000001Z");
  EXPECT_EQ(Rfc3339(-1), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace belfry::edge
