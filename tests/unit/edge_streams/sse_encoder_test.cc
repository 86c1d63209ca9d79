// SPDX-License-Identifier: Apache-2.0
// What we encode, read back as a browser reads it.
#include "services/edge/core/sse_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"

namespace belfry::edge {
namespace {

using http::SseEvent;
using http::SseParser;
using std::chrono::milliseconds;
using ::testing::SizeIs;

std::vector<SseEvent> Parse(std::string_view bytes) {
  std::vector<SseEvent> events;
  SseParser parser;
  EXPECT_TRUE(parser.Feed(bytes, [&](const SseEvent& event) { events.push_back(event); }));
  return events;
}

std::string BytesOf(const Event& event) {
  std::string bytes;
  SseEncoder().Append(event, bytes);
  return bytes;
}
std::string BytesOf(const EventPtr& event) { return BytesOf(*event); }

Event EventOf(EntryId id, std::string json, EventKind kind = EventKind::kNotification) {
  Entry entry;
  entry.id = id;
  return EntryEvent(entry, kind, std::move(json));
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

TEST(SseEncoder, AnEventIsReadBackAsItWas) {
  const auto events = Parse(BytesOf(EventOf(42, R"({"title":"hi"})")));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, SseEvent::Kind::kEvent);
  EXPECT_EQ(events[0].event, "notification");
  EXPECT_EQ(events[0].id, "42");
  EXPECT_EQ(events[0].data, R"({"title":"hi"})");
}

TEST(SseEncoder, HostileTextStaysDataWhateverItHolds) {
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
    const auto events =
        Parse(BytesOf(EventOf(7, text)) + BytesOf(EventOf(8, "ok", EventKind::kState)));
    // Empty data fires nothing in a browser; all else is exactly one event.
    ASSERT_THAT(events, SizeIs(2)) << ::testing::PrintToString(text);
    EXPECT_EQ(events[0].data, Normalized(text));
    EXPECT_EQ(events[0].id, "7");
    EXPECT_FALSE(events[0].retry.has_value());
    EXPECT_EQ(events[1].event, "state");
  }
}

TEST(SseEncoder, RandomTextNeverBreaksAFrame) {
  std::mt19937 random(3);
  constexpr std::string_view kAlphabet = "\r\n: aid\tevent\\\"{}";
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (std::uint32_t i = random() % 30; i > 0; --i) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    const auto events =
        Parse(BytesOf(EventOf(7, text)) + BytesOf(EventOf(8, "ok", EventKind::kState)));
    ASSERT_THAT(events, SizeIs(2)) << ::testing::PrintToString(text);
    ASSERT_EQ(events[0].data, Normalized(text));
    ASSERT_EQ(events[0].event, "notification");
    ASSERT_EQ(events[1].data, "ok");
  }
}

TEST(SseEncoder, ANulInDataIsHarmless) {
  const auto events = Parse(BytesOf(EventOf(7, std::string("a\0b", 3))));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].data, std::string_view("a\0b", 3));
}

TEST(SseEncoder, AGroupIsOneEventWithTheLastId) {
  const auto one = std::make_shared<const Event>(EventOf(5, R"({"a":1})"));
  // A renderer that leaves line ends in its JSON must not break the frame.
  const auto two = std::make_shared<const Event>(EventOf(6, "{\"b\":\r\n\n2}"));
  const auto single = Parse(BytesOf(two));
  ASSERT_THAT(single, SizeIs(1));
  EXPECT_EQ(single[0].data, "{\"b\":\n\n2}");
  const std::vector<EventPtr> both = {one, two};
  const EventPtr group = GroupEvent(both);
  EXPECT_EQ(group->notifications, 2U);
  EXPECT_TRUE(group->replayable);
  const auto events = Parse(BytesOf(group));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].event, "notifications");
  EXPECT_EQ(events[0].id, "6");
  EXPECT_EQ(events[0].data, "[{\"a\":1},{\"b\":\n\n2}]");
}

TEST(SseEncoder, AStateIsAnEventWithAnIdThatCountsAsNoNotification) {
  const Event state = EventOf(9, R"({"op":"read"})", EventKind::kState);
  EXPECT_EQ(state.notifications, 0U);
  EXPECT_TRUE(state.replayable);
  const auto events = Parse(BytesOf(state));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].event, "state");
  EXPECT_EQ(events[0].id, "9");
  EXPECT_EQ(events[0].data, R"({"op":"read"})");
}

TEST(SseEncoder, ABookmarkMovesTheCursorSilently) {
  const auto events = Parse(BytesOf(BookmarkEvent(9)));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, SseEvent::Kind::kSilent);
  EXPECT_EQ(events[0].id, "9");
}

TEST(SseEncoder, TheHeadAndHeartbeatsFireNothingAndKeepTheCursor) {
  const auto events =
      Parse(BytesOf(BookmarkEvent(9)) + BytesOf(OpeningEvent("", milliseconds(1500))) +
            BytesOf(HeartbeatEvent()));
  for (const SseEvent& event : events) {
    EXPECT_NE(event.kind, SseEvent::Kind::kEvent);
    EXPECT_TRUE(event.kind == SseEvent::Kind::kComment || event.id == "9");
  }
  EXPECT_EQ(events.back().kind, SseEvent::Kind::kComment);
  EXPECT_EQ(events.back().data, " hb");
}

TEST(SseEncoder, AHeartbeatIsOneLineAndTheNextBlockStartsOnItsOwn) {
  EXPECT_EQ(BytesOf(HeartbeatEvent()), ": hb\n");
  const auto events =
      Parse(BytesOf(HeartbeatEvent()) + BytesOf(HeartbeatEvent()) + BytesOf(BookmarkEvent(9)) +
            BytesOf(HeartbeatEvent()) + BytesOf(ByeEvent(ByeReason::kDraining, milliseconds(1))));
  ASSERT_THAT(events, SizeIs(5));
  EXPECT_EQ(events[2].kind, SseEvent::Kind::kSilent);
  EXPECT_EQ(events[2].id, "9");
  EXPECT_EQ(events[3].kind, SseEvent::Kind::kComment);
  EXPECT_EQ(events[4].event, "bye");
}

TEST(SseEncoder, TheHeadIsLinesWithoutAnEmptyOne) {
  EXPECT_EQ(BytesOf(OpeningEvent("HEAD\r\n\r\n", milliseconds(1500))),
            "HEAD\r\n\r\n: belfry\nretry: 1500\n");
  SseParser parser;
  parser.Feed(BytesOf(OpeningEvent("", milliseconds(1500))),
              [](const SseEvent& event) { EXPECT_EQ(event.kind, SseEvent::Kind::kComment); });
  EXPECT_EQ(parser.retry(), milliseconds(1500)) << "it holds before any block has ended";
}

std::string ChunksOf(const EventPtr& event) {
  std::string bytes;
  ChunkedSseEncoder().Append(*event, bytes);
  return bytes;
}

TEST(ChunkedSseEncoder, MakesAChunkOfEachEventAndEndsTheBodyAfterABye) {
  EXPECT_EQ(ChunksOf(HeartbeatEvent()), "5\r\n: hb\n\r\n");
  EXPECT_EQ(ChunksOf(BookmarkEvent(9)), "7\r\nid: 9\n\n\r\n");
  EXPECT_EQ(ChunksOf(OpeningEvent("HEAD\r\n\r\n", milliseconds(1500))),
            "HEAD\r\n\r\n15\r\n: belfry\nretry: 1500\n\r\n");
  const EventPtr bye = ByeEvent(ByeReason::kDraining, milliseconds(1));
  const std::string text = BytesOf(bye);
  EXPECT_EQ(ChunksOf(bye), "31\r\n" + text + "\r\n0\r\n\r\n");
  EXPECT_EQ(text.size(), 0x31u);
}

TEST(ChunkedSseEncoder, IsReadBackAsWhatThePlainOneWrites) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string plain;
  std::string chunked;
  for (const EventPtr& event :
       {OpeningEvent(head, milliseconds(7)), HeartbeatEvent(), BookmarkEvent(9),
        std::make_shared<const Event>(EventOf(10, "a\r\n0\r\n\r\nb")),
        std::make_shared<const Event>(EventOf(11, std::string(70'000, 'x'))),
        ByeEvent(ByeReason::kEvicted, milliseconds(5))}) {
    SseEncoder().Append(*event, plain);
    ChunkedSseEncoder().Append(*event, chunked);
  }
  http::ResponseReader reader;
  std::string body;
  for (std::size_t at = 0; at < chunked.size(); at += 97) {
    ASSERT_FALSE(reader.done());
    ASSERT_TRUE(reader.Feed(std::string_view(chunked).substr(at, 97), &body).ok());
  }
  EXPECT_EQ(head + body, plain);
  EXPECT_TRUE(reader.done());
}

TEST(SseEncoder, ConnectedSaysWhoAndWhereInJson) {
  Connected connected;
  connected.connection_id = "c1";
  connected.user_id = "al\"ice\\\n\x01";
  connected.counts = {.unread = 7, .unseen = 3, .by_kind = {{"", 2}, {"a\"b", 5}}, .up_to = 100};
  connected.heartbeat = milliseconds(20'000);
  connected.server_us = 1'700'000'000'123'456;
  const auto events = Parse(BytesOf(ConnectedEvent(90, connected)));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].id, "90");
  EXPECT_EQ(events[0].data,
            R"({"connectionId":"c1","userId":"al\"ice\\\n\u0001","unreadCount":7,)"
            R"("upTo":"100","counts":{"unreadCount":7,"unseenCount":3,"byKind":{"":2,"a\"b":5},)"
            R"("upTo":"100"},"heartbeatMs":20000,"serverTime":"2023-11-14T22:13:20.123456Z"})");
  EXPECT_FALSE(Parse(BytesOf(ConnectedEvent({}, connected)))[0].has_id);
  EXPECT_TRUE(Parse(BytesOf(ConnectedEvent(0, connected)))[0].has_id);
}

TEST(SseEncoder, ByeCarriesItsRetryAndNoId) {
  for (const auto& [reason, name] : {std::pair{ByeReason::kDraining, "draining"},
                                     {ByeReason::kOverloaded, "overloaded"},
                                     {ByeReason::kEvicted, "evicted"},
                                     {ByeReason::kTokenExpired, "token_expired"}}) {
    const auto events = Parse(BytesOf(ByeEvent(reason, milliseconds(2'345))));
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].event, "bye");
    EXPECT_EQ(events[0].data, R"({"reason":")" + std::string(name) + R"("})");
    EXPECT_EQ(events[0].retry, milliseconds(2'345));
    EXPECT_FALSE(events[0].has_id);
  }
}

}  // namespace
}  // namespace belfry::edge
