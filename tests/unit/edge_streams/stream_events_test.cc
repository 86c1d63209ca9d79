// SPDX-License-Identifier: Apache-2.0
// Each kind of event: groups, states, heartbeats, bookmarks, the last one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/edge_streams/stream_harness.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Stream, GroupsABurstIntoOneEventWithTheLastId) {
  StreamHarness h(1, milliseconds(200));
  h.GoLive(100);
  for (const EntryId id : {101, 102, 103}) {
    EXPECT_TRUE(h.stream.OnEvent(NotificationOf(id), h.options));
  }
  h.Take();
  EXPECT_THAT(h.Told(), IsEmpty());
  EXPECT_TRUE(h.stream.has_gathered());
  h.stream.SendGathered(h.options);
  h.Take();
  ASSERT_THAT(h.Events("notifications"), SizeIs(1));
  EXPECT_EQ(h.Events("notifications")[0].id, 103U);
  EXPECT_EQ(h.Events("notifications")[0].data.front(), '[');
  EXPECT_EQ(h.Events("notifications")[0].data.back(), ']');
  EXPECT_THAT(h.Told(), ElementsAre(101, 102, 103));
  EXPECT_FALSE(h.stream.has_gathered());
  h.stream.SendGathered(h.options);
  EXPECT_FALSE(h.stream.has_output());
}

TEST(Stream, AStateIsReplayableAndNoNotification) {
  StreamHarness h(1);
  h.options.queue_bytes_max = 400;
  h.GoLive(100);
  EXPECT_TRUE(h.stream.OnEvent(StateOf(101), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(102), h.options));
  EXPECT_TRUE(h.stream.OnEvent(StateOf(103), h.options));
  // The peer is slow: states are dropped with all else and read again, so the queue stays bounded.
  EntryId id = 104;
  while (h.stream.state() == Stream::State::kLive) {
    ASSERT_LT(id, 120U);
    h.stream.OnEvent(StateOf(id++), h.options);
  }
  EXPECT_EQ(h.stream.queued_bytes(), 0U);
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.Read().after, 100U);
  ASSERT_TRUE(h.PageOf(104, std::vector{StateOf(101), NotificationOf(102), StateOf(104)}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(102));
  ASSERT_THAT(h.Events("state"), SizeIs(2));
  EXPECT_EQ(h.Events("state")[0].id, 101U);
  EXPECT_EQ(h.Events("state")[1].id, 104U);
  EXPECT_EQ(h.notifications, 1U);
  EXPECT_EQ(h.stream.written(), 104U);
  EXPECT_TRUE(h.IdsNeverGoBackwards());
}

TEST(Stream, AByeDropsStatesThatWait) {
  StreamHarness h(1);
  h.GoLive(100);
  h.stream.OnEvent(StateOf(101), h.options);
  h.stream.Bye(ByeEvent(ByeReason::kDraining, milliseconds(1)));
  h.Take();
  EXPECT_THAT(h.Events("state"), IsEmpty());
  EXPECT_TRUE(h.stream.finished());
}

TEST(Stream, AStateKeepsItsPlaceAmongGroupedNotifications) {
  StreamHarness h(1, milliseconds(200));
  h.GoLive(100);
  for (const EntryId id : {101, 102}) {
    h.stream.OnEvent(NotificationOf(id), h.options);
  }
  h.stream.OnEvent(StateOf(103), h.options);
  h.stream.OnEvent(NotificationOf(104), h.options);
  h.stream.SendGathered(h.options);
  h.Take();
  std::vector<std::pair<std::string, EntryId>> order;
  for (const Block& block : BlocksOf(h.received)) {
    if (!block.event.empty() && block.event != "connected") {
      order.emplace_back(block.event, block.id);
    }
  }
  EXPECT_THAT(order, ElementsAre(std::pair("notifications", 102), std::pair("state", 103),
                                 std::pair("notifications", 104)));
  EXPECT_THAT(h.Told(), ElementsAre(101, 102, 104));
  EXPECT_EQ(h.notifications, 3U);
}

// Not SSE: a line with the kind and the id of each event.
class LineEncoder final : public Encoder {
 public:
  void Append(const Event& event, std::string& out) const override {
    out += std::to_string(static_cast<int>(event.kind)) + " " +
           std::to_string(event.id.value_or(0)) + "\n";
  }
};

TEST(Stream, KnowsNoTransport) {
  StreamHarness h(1);
  h.Read();
  ASSERT_TRUE(h.Page(100, {50}));
  h.stream.OnEvent(StateOf(101), h.options);
  const LineEncoder lines;
  std::string received;
  while (h.stream.has_output()) {  // a byte at a time
    received += h.stream.Encode(lines, h.encoded).substr(0, 1);
    h.stream.OnWritten(h.encoded, 1);
  }
  EXPECT_EQ(received, "0 0\n1 1\n6 50\n8 101\n");
  EXPECT_EQ(h.stream.written(), 101U);
}

TEST(Stream, AHeartbeatDoesNotPassWhatGathers) {
  StreamHarness h(1, milliseconds(200));
  h.options.queue_bytes_max = 200;
  h.GoLive(100);
  h.stream.OnEvent(NotificationOf(101, 100), h.options);
  h.stream.Heartbeat(HeartbeatEvent());
  h.Take();
  h.stream.Heartbeat(HeartbeatEvent());  // waits: the next entry runs over
  h.stream.OnEvent(NotificationOf(102, 300), h.options);
  ASSERT_EQ(h.stream.state(), Stream::State::kWanting);
  h.Take();
  EXPECT_EQ(h.Read().after, 100U);
}

TEST(Stream, WhatGathersIsBoundedAndReadAgainWhenThePeerIsSlow) {
  StreamHarness h(1, milliseconds(200));
  h.options.queue_bytes_max = 64 * 1024;
  h.GoLive(100);
  EntryId id = 101;
  while (h.stream.state() == Stream::State::kLive) {
    ASSERT_LT(id, 1'000U);
    h.stream.OnEvent(NotificationOf(id++, 1'000), h.options);
  }
  h.Take();
  EXPECT_EQ(h.Read().after, 100U);
}

TEST(Stream, BookmarksMoveAnIdlePeerAndNothingElse) {
  StreamHarness h(1, milliseconds(200));
  EXPECT_FALSE(h.stream.Bookmark(50));  // not live
  h.Read();
  EXPECT_FALSE(h.stream.Bookmark(50));
  ASSERT_TRUE(h.Page(100, {}));
  EXPECT_FALSE(h.stream.Bookmark(150));  // connected waits
  h.Take();
  EXPECT_FALSE(h.stream.Bookmark(100));
  EXPECT_TRUE(h.stream.Bookmark(150));
  EXPECT_FALSE(h.stream.Bookmark(151));  // one at a time
  h.Take();
  EXPECT_EQ(h.stream.written(), 150U);
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(150), h.options));
  h.stream.OnEvent(NotificationOf(160), h.options);
  EXPECT_FALSE(h.stream.Bookmark(170));  // 160 gathers: a bookmark would pass it
  h.stream.SendGathered(h.options);
  EXPECT_FALSE(h.stream.Bookmark(170));
  h.Take();
  EXPECT_TRUE(h.stream.Bookmark(170));
}

TEST(Stream, ByeIsTheLastEventAndDropsWhatCanBeReadAgain) {
  StreamHarness h(1);
  h.GoLive(100);
  h.stream.OnEvent(NotificationOf(101, 50), h.options);
  h.stream.OnEvent(NotificationOf(102), h.options);
  h.Take(10);  // 101 is under way
  h.stream.Bye(ByeEvent(ByeReason::kEvicted, milliseconds(600'000)));
  h.stream.Bye(ByeEvent(ByeReason::kDraining, milliseconds(1)));
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(103), h.options));
  h.stream.Heartbeat(HeartbeatEvent());
  h.Take();
  EXPECT_TRUE(h.stream.finished());
  EXPECT_THAT(h.Told(), ElementsAre(101));
  const Block last = BlocksOf(h.received).back();
  EXPECT_EQ(last.event, "bye");
  EXPECT_EQ(last.data, R"({"reason":"evicted"})");
  EXPECT_EQ(last.retry, 600'000);
  EXPECT_EQ(last.id, 0U);
}

TEST(Stream, APageThatComesAfterByeIsIgnored) {
  StreamHarness h(1);
  h.Read();
  h.stream.Bye(ByeEvent(ByeReason::kDraining, milliseconds(1)));
  EXPECT_TRUE(h.Page(100, {50}));
  h.Take();
  EXPECT_TRUE(h.stream.finished());
  EXPECT_THAT(h.Told(), IsEmpty());
}

}  // namespace
}  // namespace belfry::edge
