// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/edge/core/sse_encoder.h"
#include "tests/unit/edge_streams/blocks.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

EventPtr EventOf(EntryId id, EntryKind entry_kind, std::size_t size) {
  Entry entry;
  entry.id = id;
  entry.kind = entry_kind;
  return std::make_shared<const Event>(EntryEvent(
      entry, *EventKindOf(entry_kind),
      R"({"id":")" + std::to_string(id) + R"(","pad":")" + std::string(size, 'x') + R"("})"));
}
EventPtr NotificationOf(EntryId id, std::size_t size = 0) {
  return EventOf(id, EntryKind::kNotification, size);
}
// An event that the store can replay and that is no notification.
EventPtr StateOf(EntryId id, std::size_t size = 0) { return EventOf(id, EntryKind::kState, size); }

std::vector<EventPtr> Notifications(const std::vector<EntryId>& ids) {
  std::vector<EventPtr> events;
  for (const EntryId id : ids) {
    events.push_back(NotificationOf(id));
  }
  return events;
}

// One stream with its peer.
struct Harness {
  explicit Harness(std::optional<EntryId> cursor, milliseconds batch = {}) : stream(cursor, batch) {
    stream.Begin(OpeningEvent("", milliseconds(1000)));
  }

  // The peer takes up to `bytes`.
  void Take(std::size_t bytes = 1 << 30) {
    while (bytes > 0 && stream.has_output()) {
      const std::string_view offered = stream.Encode(encoder, encoded);
      const std::size_t taken = std::min(offered.size(), bytes);
      received += offered.substr(0, taken);
      bytes -= taken;
      notifications += stream.OnWritten(encoded, taken).notifications;
    }
  }

  FeedQuery Read() {
    FeedQuery query;
    stream.BeginRead(query);
    return query;
  }

  bool Page(EntryId up_to, const std::vector<EntryId>& ids, bool more = false,
            CursorFault fault = CursorFault::kNone) {
    return PageOf(up_to, Notifications(ids), more, fault);
  }

  bool PageOf(EntryId up_to, const std::vector<EventPtr>& events, bool more = false,
              CursorFault fault = CursorFault::kNone) {
    FeedPage page;
    page.up_to = up_to;
    page.more = more;
    page.fault = fault;
    page.floor = 7;
    page.unread_count = 3;
    page.unread_up_to = up_to;
    return stream.OnPage(page, events, {"alice", "c1", milliseconds(20'000), 0});
  }

  // Attached at `cursor` and live at `up_to`.
  void GoLive(EntryId up_to) {
    Read();
    ASSERT_TRUE(Page(up_to, {}));
    Take();
    ASSERT_EQ(stream.state(), Stream::State::kLive);
  }

  std::vector<EntryId> Told() const {
    std::vector<EntryId> ids;
    for (const Block& block : BlocksOf(received)) {
      if (block.event == "notification") {
        ids.push_back(block.id);
      } else if (block.event == "notifications") {
        for (std::size_t at = block.data.find(R"("id":")"); at != std::string::npos;
             at = block.data.find(R"("id":")", at + 1)) {
          ids.push_back(std::stoull(block.data.substr(at + 6)));
        }
      }
    }
    return ids;
  }

  std::vector<Block> Events(const std::string& name) const {
    std::vector<Block> found;
    for (const Block& block : BlocksOf(received)) {
      if (block.event == name) {
        found.push_back(block);
      }
    }
    return found;
  }

  bool IdsNeverGoBackwards() const {
    EntryId last = 0;
    for (const Block& block : BlocksOf(received)) {
      if (block.id != 0 && std::exchange(last, block.id) > block.id) {
        return false;
      }
    }
    return true;
  }

  StreamOptions options;
  Stream stream;
  SseEncoder encoder;
  EncodedEvents encoded;
  std::string received;
  std::uint32_t notifications = 0;  // written
};

TEST(Stream, ItsFirstBytesLeaveBeforeTheStoreHasAnswered) {
  Harness h(std::nullopt);
  EXPECT_TRUE(h.stream.wants_page());
  h.Take();
  EXPECT_THAT(h.received, HasSubstr("retry: 1000\n"));
  EXPECT_THAT(h.received, Not(HasSubstr("connected")));
}

TEST(Stream, WithoutCursorStartsAtTheFeedsLastId) {
  Harness h(std::nullopt);
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
  Harness h(40);
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
  Harness h(std::nullopt);
  h.Read();
  ASSERT_TRUE(h.Page(0, {}));
  h.Take();
  EXPECT_TRUE(h.Events("connected").at(0).has_id);
  EXPECT_EQ(h.Events("connected").at(0).id, 0U);
  Harness again(0);
  EXPECT_FALSE(again.Read().heads_only);
}

TEST(Stream, LiveEntriesGoOutOnceAndInOrder) {
  Harness h(40);
  h.GoLive(100);
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(100), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(101), h.options));
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(101), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(105), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(101, 105));
}

TEST(Stream, ReadsPageAfterPageOnlyAsFastAsThePeerTakesThem) {
  Harness h(1);
  EXPECT_EQ(h.Read().after, 1U);
  ASSERT_TRUE(h.Page(10, {5, 10}, true));
  EXPECT_FALSE(h.stream.wants_page());  // not written yet
  h.Take();
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kMore);
  EXPECT_EQ(h.Read().after, 10U);
  ASSERT_TRUE(h.Page(20, {15}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(5, 10, 15));
  EXPECT_THAT(h.Events("connected"), SizeIs(1));
}

TEST(Stream, AFailedReadIsRepeatedFromTheSamePlace) {
  Harness h(7);
  EXPECT_EQ(h.Read().after, 7U);
  h.stream.OnEvent(NotificationOf(8), h.options);
  h.stream.OnReadFailed();
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kResume);
  EXPECT_EQ(h.Read().after, 7U);
  ASSERT_TRUE(h.Page(9, {8, 9}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(8, 9));
}

TEST(Stream, TooManyLiveEntriesDuringAReadAreReadAgain) {
  Harness h(1);
  h.options.held_bytes_max = 300;
  h.Read();
  for (EntryId id = 11; id <= 20; ++id) {
    h.stream.OnEvent(NotificationOf(id, 40), h.options);
  }
  ASSERT_TRUE(h.Page(12, {5, 11, 12}));
  h.Take();
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kHeld);
  EXPECT_EQ(h.Read().after, 12U);
  ASSERT_TRUE(h.Page(20, {13, 14, 15, 16, 17, 18, 19, 20}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
}

TEST(Stream, ASlowPeerGetsEverythingOnceFromTheLastWrittenId) {
  Harness h(1);
  h.options.queue_bytes_max = 1'000;
  h.GoLive(10);
  h.stream.OnEvent(NotificationOf(11, 100), h.options);
  h.Take();
  // The peer stops: the twelfth is cut in the middle, then the queue runs over.
  h.stream.OnEvent(NotificationOf(12, 100), h.options);
  h.Take(30);
  EntryId id = 13;
  while (h.stream.state() == Stream::State::kLive) {
    ASSERT_LT(id, 100U);
    h.stream.OnEvent(NotificationOf(id++, 100), h.options);
    ASSERT_LE(h.stream.queued_bytes(), 1'000U);
  }
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kOverflow);
  EXPECT_FALSE(h.stream.wants_page());  // the cut frame has to go first
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(id, 100), h.options));
  h.Take();
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.Read().after, 12U);
  std::vector<EntryId> rest;
  for (EntryId i = 13; i <= id; ++i) {
    rest.push_back(i);
  }
  ASSERT_TRUE(h.Page(id, rest));
  h.Take();
  rest.insert(rest.begin(), {11, 12});
  EXPECT_EQ(h.Told(), rest);
  EXPECT_TRUE(h.IdsNeverGoBackwards());
}

TEST(Stream, AnOverflowBeforeTheFirstEventWasWrittenLosesNeitherItNorTheCursor) {
  Harness h(std::nullopt);
  h.options.queue_bytes_max = 500;
  h.Read();
  ASSERT_TRUE(h.Page(100, {}));  // head and connected wait: the peer takes nothing at all
  EntryId id = 101;
  while (h.stream.state() == Stream::State::kLive) {
    h.stream.OnEvent(NotificationOf(id++, 100), h.options);
  }
  h.Take();
  EXPECT_THAT(h.Events("connected"), SizeIs(1));
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.Read().after, 100U);
}

TEST(Stream, AnOversizedEntryStillGoesOutOnAnEmptyQueue) {
  Harness h(1);
  h.options.queue_bytes_max = 100;
  h.GoLive(10);
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(11, 5'000), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(11));
}

TEST(Stream, AFaultyCursorIsResetInBandAndGoesOnLive) {
  const std::map<CursorFault, std::string> names = {
      {CursorFault::kAhead, "cursor_ahead"},
      {CursorFault::kWindowPassed, "window_passed"},
      {CursorFault::kHistoryLost, "history_lost"},
  };
  for (const auto& [fault, name] : names) {
    Harness h(fault == CursorFault::kAhead ? 999 : 5);
    h.Read();
    h.stream.OnEvent(NotificationOf(99), h.options);
    h.stream.OnEvent(NotificationOf(101), h.options);
    ASSERT_TRUE(h.Page(100, {}, false, fault));
    h.Take();
    const auto resets = h.Events("reset");
    ASSERT_THAT(resets, SizeIs(1)) << name;
    EXPECT_EQ(resets[0].id, 100U);
    EXPECT_EQ(resets[0].data,
              R"({"reason":")" + name + R"(","oldestId":"7","unreadCount":3,"upTo":"100"})");
    EXPECT_THAT(h.Events("connected"), SizeIs(1));
    EXPECT_THAT(h.Told(), ElementsAre(101));
    EXPECT_TRUE(h.IdsNeverGoBackwards());
    EXPECT_EQ(h.stream.state(), Stream::State::kLive);
  }
}

TEST(Stream, ConnectedDoesNotMoveAFaultyCursorBeforeTheResetHasSaidSo) {
  // Should the connection break between the two, the peer must come back with what it had.
  Harness ahead(999);
  ahead.Read();
  ASSERT_TRUE(ahead.Page(100, {}, false, CursorFault::kAhead));
  ahead.Take();
  EXPECT_FALSE(ahead.Events("connected").at(0).has_id);
  Harness passed(5);
  passed.Read();
  ASSERT_TRUE(passed.Page(100, {}, false, CursorFault::kWindowPassed));
  passed.Take();
  EXPECT_EQ(passed.Events("connected").at(0).id, 5U);
}

TEST(Stream, AnOverflowRightAfterAResetResumesAfterIt) {
  Harness h(999);
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
  Harness h(1);
  h.GoLive(100);
  h.stream.OnGap(200);
  h.Read();
  EXPECT_FALSE(h.Page(50, {}, false, CursorFault::kAhead));
}

TEST(Stream, AStoreThatAnswersFromThePastRepeatsNothing) {
  Harness h(40);
  h.Read();
  ASSERT_TRUE(h.Page(39, {35, 39}));
  h.Take();
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(40), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(41), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(41));
  EXPECT_TRUE(h.IdsNeverGoBackwards());
}

TEST(Stream, AGapInTheLogIsReadFromTheStore) {
  Harness h(1);
  h.GoLive(100);
  h.stream.OnGap(150);
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kGap);
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(150), h.options));
  EXPECT_EQ(h.Read().after, 100U);
  ASSERT_TRUE(h.Page(160, {120, 150, 160}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(120, 150, 160));
}

TEST(Stream, AGapDuringAReadThatDidNotReachItIsReadAgain) {
  Harness h(1);
  h.Read();
  h.stream.OnGap(150);
  ASSERT_TRUE(h.Page(100, {90}));
  h.Take();
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.Read().after, 100U);
  ASSERT_TRUE(h.Page(150, {150}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(90, 150));
}

TEST(Stream, GroupsABurstIntoOneEventWithTheLastId) {
  Harness h(1, milliseconds(200));
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
  Harness h(1);
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
  Harness h(1);
  h.GoLive(100);
  h.stream.OnEvent(StateOf(101), h.options);
  h.stream.Bye(ByeEvent(ByeReason::kDraining, milliseconds(1)));
  h.Take();
  EXPECT_THAT(h.Events("state"), IsEmpty());
  EXPECT_TRUE(h.stream.finished());
}

TEST(Stream, AStateKeepsItsPlaceAmongGroupedNotifications) {
  Harness h(1, milliseconds(200));
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
  Harness h(1);
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
  Harness h(1, milliseconds(200));
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
  Harness h(1, milliseconds(200));
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
  Harness h(1, milliseconds(200));
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
  Harness h(1);
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
  Harness h(1);
  h.Read();
  h.stream.Bye(ByeEvent(ByeReason::kDraining, milliseconds(1)));
  EXPECT_TRUE(h.Page(100, {50}));
  h.Take();
  EXPECT_TRUE(h.stream.finished());
  EXPECT_THAT(h.Told(), IsEmpty());
}

TEST(Stream, AHeartbeatNeverWaitsBehindAnything) {
  Harness h(1);
  h.GoLive(100);
  h.stream.Heartbeat(HeartbeatEvent());
  const std::size_t one = h.stream.queued_bytes();
  h.stream.Heartbeat(HeartbeatEvent());
  EXPECT_EQ(h.stream.queued_bytes(), one);
}

// Every interleaving of a small world: entries are committed (and reach the stream live, in order,
// at any later time), the store is read at one moment and answers at another, the peer takes a few
// bytes, the queue is tiny. Whatever happens, the peer receives 1..n once, in order.
class SeamWorld {
 public:
  enum Step { kCommit, kDeliver, kSend, kAnswer, kFail, kWrite, kBookmark, kSteps };
  static constexpr EntryId kEntries = 3;

  explicit SeamWorld(milliseconds batch) : h_(0, batch) {
    h_.options.queue_bytes_max = 150;
    h_.options.held_bytes_max = 100;
  }

  // False: this step is not possible now.
  bool Do(Step step) {
    switch (step) {
      case kCommit:
        return committed_ < kEntries && ++committed_ > 0;
      case kDeliver:
        if (delivered_ == committed_) {
          return false;
        }
        h_.stream.OnEvent(NotificationOf(++delivered_), h_.options);
        return true;
      case kSend:
        if (!h_.stream.wants_page()) {
          return false;
        }
        after_ = h_.Read().after;
        read_up_to_ = committed_;
        return true;
      case kAnswer:
        return Answer();
      case kFail:
        if (h_.stream.state() != Stream::State::kReading || failed_) {
          return false;
        }
        failed_ = true;
        h_.stream.OnReadFailed();
        return true;
      case kWrite:
        if (!h_.stream.has_output()) {
          return false;
        }
        h_.Take(60);
        return true;
      case kBookmark: {  // both are timers
        const bool gathered = h_.stream.has_gathered();
        h_.stream.SendGathered(h_.options);
        return h_.stream.Bookmark(delivered_) || gathered;
      }
      case kSteps:
        break;
    }
    return false;
  }

  // Lets everything come to rest, and says whether the peer has all.
  void Settle() {
    bool moved = true;
    for (int i = 0; i < 200 && moved; ++i) {
      moved = false;
      for (const Step step : {kCommit, kDeliver, kSend, kAnswer, kWrite, kBookmark}) {
        moved = Do(step) || moved;
      }
    }
    EXPECT_FALSE(moved);
    EXPECT_EQ(h_.Told(), (std::vector<EntryId>{1, 2, 3}));
    EXPECT_TRUE(h_.IdsNeverGoBackwards());
    EXPECT_THAT(h_.Events("connected"), SizeIs(1));
    // No id line may pass what was not delivered before it.
    EntryId told = 0;
    for (const Block& block : BlocksOf(h_.received)) {
      if (block.event.starts_with("notification")) {
        told = block.id;
      }
      EXPECT_LE(block.id, told);
    }
  }

 private:
  // Pages of one entry.
  bool Answer() {
    if (h_.stream.state() != Stream::State::kReading) {
      return false;
    }
    if (after_ < read_up_to_) {
      EXPECT_TRUE(h_.Page(after_ + 1, {after_ + 1}, after_ + 1 < read_up_to_));
    } else {
      EXPECT_TRUE(h_.Page(read_up_to_, {}));
    }
    return true;
  }

  Harness h_;
  EntryId committed_ = 0;
  EntryId delivered_ = 0;
  EntryId after_ = 0;
  EntryId read_up_to_ = 0;
  bool failed_ = false;
};

void Explore(std::vector<SeamWorld::Step>& path, std::size_t depth, milliseconds batch,
             std::size_t& worlds) {
  for (int step = 0; step < SeamWorld::kSteps; ++step) {
    path.push_back(static_cast<SeamWorld::Step>(step));
    SeamWorld world(batch);
    const bool possible =
        std::all_of(path.begin(), path.end(), [&](SeamWorld::Step s) { return world.Do(s); });
    if (possible) {
      if (path.size() < depth) {
        Explore(path, depth, batch, worlds);
      } else {
        world.Settle();
        ++worlds;
      }
    }
    path.pop_back();
  }
}

TEST(Stream, DeliversEachEntryOnceInEveryInterleavingOfReplayAndLive) {
  for (const milliseconds batch : {milliseconds(0), milliseconds(100)}) {
    std::vector<SeamWorld::Step> path;
    std::size_t worlds = 0;
    Explore(path, 9, batch, worlds);
    EXPECT_GT(worlds, 1'000U);
  }
}

}  // namespace
}  // namespace belfry::edge
