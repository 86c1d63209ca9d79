// SPDX-License-Identifier: Apache-2.0
// Where a stream starts, and what it says of a cursor that it cannot continue from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/edge_streams/stream_harness.h"

namespace belfry::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Stream, ItsFirstBytesLeaveBeforeTheStoreHasAnswered) {
  StreamHarness h(std::nullopt);
  EXPECT_TRUE(h.stream.wants_page());
  h.Take();
  EXPECT_THAT(h.received, HasSubstr("retry: 1000\n"));
  EXPECT_THAT(h.received, Not(HasSubstr("connected")));
}

TEST(Stream, WithoutCursorStartsAtTheFeedsLastId) {
  StreamHarness h(std::nullopt);
  const FeedQuery query = h.Read();
  EXPECT_TRUE(query.heads_only);
  h.stream.OnEvent(NotificationOf(90), h.options);   // in the page's count already
  h.stream.OnEvent(NotificationOf(110), h.options);  // after it
  ASSERT_TRUE(h.Page(100, {}));
  h.Take();
  const auto connected = h.Events("connected");
  ASSERT_THAT(connected, SizeIs(1));
  EXPECT_EQ(connected[0].id, 100U);
  EXPECT_THAT(connected[0].data, HasSubstr(R"("unreadCount":3,"upTo":"100")"));
  EXPECT_THAT(h.Told(), ElementsAre(110));
}

TEST(Stream, ConnectedCarriesTheCursorItCameWith) {
  StreamHarness h(40);
  EXPECT_EQ(h.Read().after, 40U);
  ASSERT_TRUE(h.Page(100, {50, 60}));
  h.Take();
  EXPECT_EQ(h.Events("connected").at(0).id, 40U);
  EXPECT_THAT(h.Told(), ElementsAre(50, 60));
  EXPECT_EQ(h.stream.state(), Stream::State::kLive);
}

TEST(Stream, AStartBeforeTheFirstEntryIsACursorToo) {
  // Else who connects to an empty partition and comes back would start anew, past what came
  // between.
  StreamHarness h(std::nullopt);
  h.Read();
  ASSERT_TRUE(h.Page(0, {}));
  h.Take();
  EXPECT_TRUE(h.Events("connected").at(0).has_id);
  EXPECT_EQ(h.Events("connected").at(0).id, 0U);
  StreamHarness again(0);
  EXPECT_FALSE(again.Read().heads_only);
}

TEST(Stream, AFaultyCursorIsResetInBandAndGoesOnLive) {
  const std::map<CursorFault, std::string> names = {
      {CursorFault::kAhead, "cursor_ahead"},
      {CursorFault::kWindowPassed, "window_passed"},
      {CursorFault::kHistoryLost, "history_lost"},
  };
  for (const auto& [fault, name] : names) {
    StreamHarness h(fault == CursorFault::kAhead ? 999 : 5);
    h.Read();
    h.stream.OnEvent(NotificationOf(99), h.options);
    h.stream.OnEvent(NotificationOf(101), h.options);
    ASSERT_TRUE(h.Page(100, {}, false, fault));
    h.Take();
    const auto resets = h.Events("reset");
    ASSERT_THAT(resets, SizeIs(1)) << name;
    EXPECT_EQ(resets[0].id, 100U);
    EXPECT_EQ(resets[0].data,
              R"({"reason":")" + name +
                  R"(","oldestId":"7","unreadCount":3,"upTo":"100",)"
                  R"("counts":{"unreadCount":3,"unseenCount":0,"byKind":{},"upTo":"100"}})");
    EXPECT_THAT(h.Events("connected"), SizeIs(1));
    EXPECT_THAT(h.Told(), ElementsAre(101));
    EXPECT_TRUE(h.IdsNeverGoBackwards());
    EXPECT_EQ(h.stream.state(), Stream::State::kLive);
  }
}

TEST(Stream, ConnectedDoesNotMoveAFaultyCursorBeforeTheResetHasSaidSo) {
  // Should the connection break between the two, the peer must come back with what it had.
  StreamHarness ahead(999);
  ahead.Read();
  ASSERT_TRUE(ahead.Page(100, {}, false, CursorFault::kAhead));
  ahead.Take();
  EXPECT_FALSE(ahead.Events("connected").at(0).has_id);
  StreamHarness passed(5);
  passed.Read();
  ASSERT_TRUE(passed.Page(100, {}, false, CursorFault::kWindowPassed));
  passed.Take();
  EXPECT_EQ(passed.Events("connected").at(0).id, 5U);
}

TEST(Stream, AnOverflowRightAfterAResetResumesAfterIt) {
  StreamHarness h(999);
  h.options.queue_bytes_max = 600;
  h.Read();
  ASSERT_TRUE(h.Page(100, {}, false, CursorFault::kAhead));
  EntryId id = 101;
  while (h.stream.state() == Stream::State::kLive) {
    h.stream.OnEvent(NotificationOf(id++, 100), h.options);
  }
  h.Take();
  EXPECT_THAT(h.Events("reset"), SizeIs(1));
  EXPECT_EQ(h.Read().after, 100U);
}

TEST(Stream, CannotGoBehindWhatItsPeerHasReceived) {
  StreamHarness h(1);
  h.GoLive(100);
  h.stream.OnGap(200, CatchUpCause::kGap);
  h.Read();
  EXPECT_FALSE(h.Page(50, {}, false, CursorFault::kAhead));
}

TEST(Stream, AStoreThatAnswersFromThePastRepeatsNothing) {
  StreamHarness h(40);
  h.Read();
  ASSERT_TRUE(h.Page(39, {35, 39}));
  h.Take();
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(40), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(41), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(41));
  EXPECT_TRUE(h.IdsNeverGoBackwards());
}

}  // namespace
}  // namespace belfry::edge
