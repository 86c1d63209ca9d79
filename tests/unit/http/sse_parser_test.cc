// SPDX-License-Identifier: Apache-2.0
#include "libs/http/sse_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace belfry::http {

// One line per event, so that a test compares text.
std::string Describe(const SseEvent& event) {
  std::string text;
  switch (event.kind) {
    case SseEvent::Kind::kComment:
      return "comment [" + event.data + "]";
    case SseEvent::Kind::kSilent:
      text = "silent " + event.event;
      break;
    case SseEvent::Kind::kEvent:
      text = event.event + " [" + event.data + "]";
      break;
  }
  if (event.has_id || !event.id.empty()) {
    text += (event.has_id ? " id=" : " kept=") + event.id;
  }
  if (event.retry) {
    text += " retry=" + std::to_string(event.retry->count());
  }
  return text;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using std::string_literals::operator""s;

std::vector<std::string> ParseWith(SseParser& parser, std::string_view bytes, std::size_t step) {
  std::vector<std::string> events;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    EXPECT_TRUE(parser.Feed(bytes.substr(0, step),
                            [&](const SseEvent& event) { events.push_back(Describe(event)); }));
  }
  return events;
}

// However the bytes are cut, the events are the same.
std::vector<std::string> Parse(std::string_view bytes) {
  SseParser whole;
  const std::vector<std::string> events = ParseWith(whole, bytes, bytes.size());
  for (std::size_t step = 1; step < 5; ++step) {
    SseParser cut;
    EXPECT_EQ(ParseWith(cut, bytes, step), events) << "in steps of " << step;
    EXPECT_EQ(cut.last_event_id(), whole.last_event_id());
    EXPECT_EQ(cut.retry(), whole.retry());
  }
  return events;
}

TEST(SseParser, ReportsEventsWithTheirData) {
  EXPECT_THAT(Parse("event: a\ndata: x\nid: 1\nretry: 20\n\ndata: y\n\n"),
              ElementsAre("a [x] id=1 retry=20", "message [y] kept=1"));
}

// The examples of WHATWG HTML, section 9.2.6.
TEST(SseParser, ReadsTheStandardsExamples) {
  EXPECT_THAT(Parse("data: YHOO\ndata: +2\ndata: 10\n\n"), ElementsAre("message [YHOO\n+2\n10]"));
  EXPECT_THAT(Parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                    "data:  third event\n"),
              ElementsAre("comment [ test stream]", "message [first event] id=1",
                          "message [second event] id="));
  EXPECT_THAT(Parse("data\n\ndata\ndata\n\ndata:"), ElementsAre("message []", "message [\n]"));
  EXPECT_THAT(Parse("data:test\n\ndata: test\n\n"),
              ElementsAre("message [test]", "message [test]"));
}

TEST(SseParser, TakesEachKindOfLineEnd) {
  EXPECT_THAT(Parse("data: a\rdata: b\r\ndata: c\n\ndata: d\r\rdata: e\r\n\r\n"),
              ElementsAre("message [a\nb\nc]", "message [d]", "message [e]"));
}

TEST(SseParser, DoesNotTakeCrLfAcrossTwoReadsForTwoLineEnds) {
  SseParser parser;
  std::vector<std::string> events;
  const auto on_event = [&](const SseEvent& event) { events.push_back(Describe(event)); };
  ASSERT_TRUE(parser.Feed("data: a\r", on_event));
  ASSERT_TRUE(parser.Feed("\ndata: b\r", on_event));
  EXPECT_THAT(events, IsEmpty());
  ASSERT_TRUE(parser.Feed("\n\r", on_event));
  EXPECT_THAT(events, ElementsAre("message [a\nb]"));
  ASSERT_TRUE(parser.Feed("\ndata: c\n\n", on_event));
  EXPECT_THAT(events, ElementsAre("message [a\nb]", "message [c]"));
}

TEST(SseParser, StripsOneByteOrderMarkAtTheStartOnly) {
  EXPECT_THAT(Parse("\xEF\xBB\xBF"
                    "data: a\n\n"),
              ElementsAre("message [a]"));
  EXPECT_THAT(Parse("\xEF\xBB\xBF\xEF\xBB\xBF"
                    "data: a\n\ndata: b\n\n"),
              ElementsAre("silent message", "message [b]"));
  EXPECT_THAT(Parse("data: a\n\n\xEF\xBB\xBF"
                    "data: b\n\n"),
              ElementsAre("message [a]", "silent message"));
}

TEST(SseParser, StripsOneSpaceOnly) {
  EXPECT_THAT(Parse("data:  a \nevent:\tx\n\n"), ElementsAre("\tx [ a ]"));
}

TEST(SseParser, KeepsColonsInValues) {
  EXPECT_THAT(Parse("data: a:b: c\n\n"), ElementsAre("message [a:b: c]"));
}

TEST(SseParser, IgnoresUnknownFieldsAndOtherCase) {
  EXPECT_THAT(Parse("Data: a\nDATA: b\n data: c\nfoo: d\ndata : e\n\n"),
              ElementsAre("silent message"));
}

TEST(SseParser, TakesALineWithoutColonAsAFieldWithoutValue) {
  EXPECT_THAT(Parse("event: x\nevent\ndata: a\n\n"), ElementsAre("message [a]"));
}

TEST(SseParser, MovesTheCursorSilentlyWithABlockThatHasNoData) {
  SseParser parser;
  EXPECT_THAT(ParseWith(parser, "id: 7\n\n", 100), ElementsAre("silent message id=7"));
  EXPECT_EQ(parser.last_event_id(), "7");
}

TEST(SseParser, ForgetsTheNameOfABlockWithoutData) {
  EXPECT_THAT(Parse("event: x\n\ndata: a\n\n"), ElementsAre("silent x", "message [a]"));
}

TEST(SseParser, DoesNotTakeTheIdOfABlockThatWasCutOff) {
  SseParser parser;
  EXPECT_THAT(ParseWith(parser, "id: 1\ndata: a\n\nid: 2\ndata: b\n", 3),
              ElementsAre("message [a] id=1"));
  EXPECT_EQ(parser.last_event_id(), "1");
}

TEST(SseParser, IgnoresAnIdWithNul) {
  EXPECT_THAT(Parse("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"s),
              ElementsAre("message [a] id=1", "message [b] kept=1"));
}

TEST(SseParser, KeepsNulInData) {
  EXPECT_THAT(Parse("data: a\0b\n\n"s), ElementsAre("message [a\0b]"s));
}

TEST(SseParser, AnEmptyIdResets) {
  EXPECT_THAT(Parse("id: 1\ndata: a\n\nid:\ndata: b\n\ndata: c\n\n"),
              ElementsAre("message [a] id=1", "message [b] id=", "message [c]"));
}

TEST(SseParser, TakesOnlyDigitsForRetry) {
  for (const std::string value : {"", "-1", "+1", "1.5", "1 ", " 1", "x", "1s"}) {
    SseParser parser;
    EXPECT_THAT(ParseWith(parser, "retry: " + value + "\n\n", 100), ElementsAre("silent message"));
    EXPECT_FALSE(parser.retry()) << value;
  }
  SseParser parser;
  EXPECT_THAT(ParseWith(parser, "retry:007\nretry: x\n", 2), IsEmpty());
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(7)) << "counts before its block ends";
}

TEST(SseParser, DoesNotOverflowOnAHugeRetry) {
  SseParser parser;
  ParseWith(parser, "retry: " + std::string(1000, '9') + "\n", 1000);
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(1'000'000'000'000));
}

TEST(SseParser, ReportsComments) {
  EXPECT_THAT(Parse(": hb\n\n:\n:a:b\n"),
              ElementsAre("comment [ hb]", "comment []", "comment [a:b]"));
}

TEST(SseParser, ACommentDoesNotEndABlock) {
  EXPECT_THAT(Parse("data: a\n: hb\ndata: b\n\n"), ElementsAre("comment [ hb]", "message [a\nb]"));
}

TEST(SseParser, EmptyLinesAreNoBlocks) { EXPECT_THAT(Parse("\n\n\r\n\r\r\n"), IsEmpty()); }

TEST(SseParser, ReplacesWhatIsNotUtf8) {
  EXPECT_THAT(Parse("data: \xE2\x82\n\n"), ElementsAre("message [\xEF\xBF\xBD]"));
}

TEST(SseParser, StopsAtItsBound) {
  SseParser parser(10);
  int told = 0;
  const auto count = [&](const SseEvent&) { ++told; };
  EXPECT_TRUE(parser.Feed("data: 123\n\n", count));
  EXPECT_TRUE(parser.Feed("data: 123", count));
  EXPECT_FALSE(parser.Feed("45\n\n", count));
  EXPECT_FALSE(parser.Feed("data: 1\n\n", count));
  EXPECT_EQ(told, 1);
}

TEST(SseParser, BoundsABlockOfManyShortLines) {
  SseParser parser(64);
  bool fed = true;
  for (int line = 0; fed && line < 100; ++line) {
    fed = parser.Feed("data\n", [](const SseEvent&) { FAIL(); });
  }
  EXPECT_FALSE(fed);
}

TEST(DecodeUtf8, ReplacesEachMaximalPart) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(DecodeUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x94z"),
            "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x94z");
  EXPECT_EQ(DecodeUtf8("\x80"), r);
  EXPECT_EQ(DecodeUtf8("\xC0\xAF"), r + r) << "overlong";
  EXPECT_EQ(DecodeUtf8("\xE0\x80\x80"), r + r + r) << "overlong";
  EXPECT_EQ(DecodeUtf8("\xED\xA0\x80"), r + r + r) << "surrogate";
  EXPECT_EQ(DecodeUtf8("\xF4\x90\x80\x80"), r + r + r + r) << "beyond U+10FFFF";
  EXPECT_EQ(DecodeUtf8("\xF0\x9F\x94"
                       "a"),
            r + "a")
      << "one for the whole part";
  EXPECT_EQ(DecodeUtf8("\xF5\xFF"), r + r);
}

}  // namespace
}  // namespace belfry::http
