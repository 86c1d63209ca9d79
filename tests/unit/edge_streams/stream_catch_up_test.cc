// SPDX-License-Identifier: Apache-2.0
// Live events beside pages of the store: what is dropped, held and read again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/edge_streams/stream_harness.h"

namespace belfry::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Stream, LiveEntriesGoOutOnceAndInOrder) {
  StreamHarness h(40);
  h.GoLive(100);
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(100), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(101), h.options));
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(101), h.options));
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(105), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(101, 105));
}

TEST(Stream, ReadsPageAfterPageOnlyAsFastAsThePeerTakesThem) {
  StreamHarness h(1);
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
  StreamHarness h(7);
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
  StreamHarness h(1);
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
  StreamHarness h(1);
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
  StreamHarness h(std::nullopt);
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
  StreamHarness h(1);
  h.options.queue_bytes_max = 100;
  h.GoLive(10);
  EXPECT_TRUE(h.stream.OnEvent(NotificationOf(11, 5'000), h.options));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(11));
}

TEST(Stream, AGapInTheLogIsReadFromTheStore) {
  StreamHarness h(1);
  h.GoLive(100);
  h.stream.OnGap(150, CatchUpCause::kGap);
  EXPECT_EQ(h.stream.cause(), CatchUpCause::kGap);
  EXPECT_FALSE(h.stream.OnEvent(NotificationOf(150), h.options));
  EXPECT_EQ(h.Read().after, 100U);
  ASSERT_TRUE(h.Page(160, {120, 150, 160}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(120, 150, 160));
}

TEST(Stream, AGapDuringAReadThatDidNotReachItIsReadAgain) {
  StreamHarness h(1);
  h.Read();
  h.stream.OnGap(150, CatchUpCause::kGap);
  ASSERT_TRUE(h.Page(100, {90}));
  h.Take();
  ASSERT_TRUE(h.stream.wants_page());
  EXPECT_EQ(h.Read().after, 100U);
  ASSERT_TRUE(h.Page(150, {150}));
  h.Take();
  EXPECT_THAT(h.Told(), ElementsAre(90, 150));
}

}  // namespace
}  // namespace belfry::edge
