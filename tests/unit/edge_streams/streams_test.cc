// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/unit/edge_streams/core_world.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Streams, AttachesReadsAndGoesLive) {
  World w;
  const EntryPtr before = w.Notify("alice");
  const int socket = w.Attach("alice", before->id - 1);
  w.Turn();
  const EntryPtr live = w.Notify("alice");
  w.Notify("bob");
  EXPECT_EQ(w.Count(socket, "connected"), 1);
  EXPECT_THAT(w.Told(socket), ElementsAre(before->id, live->id));
  EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"("userId":"alice")"));
  EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"("heartbeatMs":20000)"));
}

TEST(Streams, ABroadcastReachesTheWholeProjectAndNoOther) {
  World w;
  const int alice = w.Attach("alice");
  const int bob = w.Attach("bob");
  const int other = w.Attach("alice", {}, {}, "q");
  w.Turn();
  const EntryPtr entry = w.Publish(EntryKind::kBroadcast, "");
  EXPECT_THAT(w.Told(alice), ElementsAre(entry->id));
  EXPECT_THAT(w.Told(bob), ElementsAre(entry->id));
  EXPECT_THAT(w.Told(other), IsEmpty());
}

TEST(Streams, RendersAnEntryOnceAndOnlyIfSomebodyWantsIt) {
  World w;
  for (int i = 0; i < 10; ++i) {
    w.Attach("user" + std::to_string(i));
  }
  w.Turn();
  w.Notify("nobody");
  EXPECT_EQ(w.renderer.rendered, 0);
  w.Publish(EntryKind::kBroadcast, "");
  EXPECT_EQ(w.renderer.rendered, 1);
}

TEST(Streams, RendersABroadcastThatTenThousandReconnectingStreamsMissedOnce) {
  StreamOptions options;
  options.per_address_max = 10'000;  // all are one address's
  World w(options);
  std::vector<EntryId> missed;
  for (int i = 0; i < 3; ++i) {
    missed.push_back(w.Publish(EntryKind::kBroadcast, "")->id);
  }
  EXPECT_EQ(w.renderer.rendered, 0);
  for (int i = 0; i < 10'000; ++i) {
    w.Attach("user" + std::to_string(i), missed.front() - 1);
  }
  w.Turn();
  EXPECT_EQ(w.renderer.rendered, 3);
  EXPECT_EQ(w.Told(1), missed);
  EXPECT_EQ(w.Told(10'000), missed);
}

TEST(Streams, RendersAnEntryOnceWhetherItIsDeliveredLiveOrReplayed) {
  World w;
  const int live = w.Attach("alice");
  w.Turn();
  const EntryPtr entry = w.Notify("alice");
  const EntryPtr broken = w.Publish(EntryKind::kNotification, "alice", "p", 0, "broken");
  EXPECT_EQ(w.renderer.rendered, 2);
  const int again = w.Attach("alice", entry->id - 1);
  w.Turn();
  EXPECT_EQ(w.renderer.rendered, 2);
  EXPECT_THAT(w.Told(live), ElementsAre(entry->id));
  EXPECT_THAT(w.Told(again), ElementsAre(entry->id));
  EXPECT_NE(broken->id, entry->id);
}

EntryPtr PublishState(World& w, const std::string& user, const StateChange& change) {
  return w.Publish(EntryKind::kState, user, "p", 0, EncodeStateChange(change));
}

TEST(Streams, DeliversAStateToAllStreamsOfItsUserLiveAndInReplay) {
  World w;
  const int live = w.Attach("alice");
  const int other = w.Attach("bob");
  w.Turn();
  const EntryPtr state = PublishState(w, "alice",
                                      {.op = StateOp::kRead,
                                       .ids = {7},
                                       .operation = "tab-1",
                                       .counts = Counts{.unread = 3, .up_to = 1'001}});
  const int again = w.Attach("alice", state->id - 1);
  w.Turn();
  EXPECT_THAT(w.Told(live, "state"), ElementsAre(state->id));
  EXPECT_THAT(w.Told(again, "state"), ElementsAre(state->id));
  EXPECT_THAT(w.Told(other, "state"), IsEmpty());
  for (const int socket : {live, again}) {
    EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"({"op":"read","ids":["7"],"at":)"));
    EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"("operation":"tab-1","counts":{)"));
  }
}

TEST(Streams, AStateThatCannotBeDecodedOnlyMovesThePosition) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Publish(EntryKind::kState, "alice", "p", 0, "broken");
  const EntryPtr after = w.Notify("alice");
  EXPECT_EQ(w.Count(socket, "state"), 0);
  EXPECT_THAT(w.Told(socket), ElementsAre(after->id));
}

TEST(Streams, AStateOfTheProjectReachesEveryoneWithTheirOwnCounts) {
  World w;
  const int alice = w.Attach("alice");
  const int bob = w.Attach("bob");
  const int elsewhere = w.Attach("carol", {}, {}, "other");
  w.Turn();
  w.Notify("alice");
  const EntryPtr state = PublishState(w, "", {.op = StateOp::kRetracted, .ids = {7}, .counts = {}});
  w.Turn();
  EXPECT_THAT(w.Told(alice, "state"), ElementsAre(state->id));
  EXPECT_THAT(w.Told(bob, "state"), ElementsAre(state->id));
  EXPECT_THAT(w.Told(elsewhere, "state"), IsEmpty());
  for (const int socket : {alice, bob}) {
    EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"("op":"retracted","ids":["7"])"));
    EXPECT_THAT(w.Socket(socket).received, HasSubstr(R"("counts":{"unreadCount":)"));
  }
}

TEST(Streams, ABroadcastOfAMutedKindIsNotDeliveredFromTheChangeOn) {
  World w;
  const int alice = w.Attach("alice");
  const int bob = w.Attach("bob");
  w.Turn();
  const auto broadcast = [&w] {
    const EntryPtr entry =
        w.log.Commit({.kind = EntryKind::kBroadcast, .notification_kind = "digest.daily"});
    w.Deliver({entry});
    return entry->id;
  };
  const EntryId before = broadcast();
  PublishState(
      w, "alice",
      {.op = StateOp::kPreferences, .muted_kinds = {"digest."}, .counts = Counts{.up_to = 1'001}});
  const EntryId muted = broadcast();
  PublishState(w, "alice", {.op = StateOp::kPreferences, .counts = Counts{.up_to = 1'001}});
  const EntryId after = broadcast();
  EXPECT_THAT(w.Told(alice), ElementsAre(before, after));
  EXPECT_THAT(w.Told(bob), ElementsAre(before, muted, after));
}

TEST(Streams, ABroadcastGoesByThoseWhoAreExcluded) {
  World w;
  const int alice = w.Attach("alice");
  const int bob = w.Attach("bob");
  w.Turn();
  const EntryPtr some = w.log.Commit({.kind = EntryKind::kBroadcast, .payload = "not for alice"});
  const EntryPtr all = w.log.Commit({.kind = EntryKind::kBroadcast});
  w.Deliver({some, all});
  EXPECT_THAT(w.Told(alice), ElementsAre(all->id));
  EXPECT_THAT(w.Told(bob), ElementsAre(some->id, all->id));
}

TEST(Streams, AnErasureMakesItsUsersStreamsAskTheStore) {
  World w;
  const int alice = w.Attach("alice");
  const int bob = w.Attach("bob");
  w.Turn();
  w.store_answers = false;
  w.Publish(EntryKind::kErased, "alice", "p", 0, "");
  EXPECT_EQ(w.reads.size(), 1);
  w.store_answers = true;
  w.Turn();
  EXPECT_THAT(w.Told(alice), IsEmpty());
  EXPECT_THAT(w.Told(bob), IsEmpty());
}

TEST(Streams, WritesOncePerSocketAndTurn) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).writes = 0;
  std::vector<EntryPtr> burst;
  for (int i = 0; i < 20; ++i) {
    burst.push_back(w.log.Commit({.user_id = "alice"}));
  }
  w.Deliver(burst);
  EXPECT_EQ(w.Socket(socket).writes, 1);
  EXPECT_THAT(w.Told(socket), SizeIs(20));
}

TEST(Streams, AWideBroadcastLetsOtherEventsOfTheCoreIn) {
  World w;
  for (int i = 0; i < 2'000; ++i) {
    w.Attach("user" + std::to_string(i));
  }
  w.Turn();
  Batch batch;
  batch.entries = {w.log.Commit({.kind = EntryKind::kBroadcast})};
  batch.position = batch.entries[0]->id;
  w.streams->Deliver(batch);
  EXPECT_TRUE(w.streams->EndTurn().more);
  w.Turn();
  for (const auto& [socket, state] : w.transport.sockets) {
    EXPECT_THAT(w.Told(socket), ElementsAre(batch.position));
  }
}

TEST(Streams, UnknownAndBrokenEntriesOnlyMoveThePosition) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Publish(static_cast<EntryKind>(77), "alice");
  w.Publish(EntryKind::kNotification, "alice", "p", 0, "broken");
  const EntryPtr told = w.Notify("alice");
  EXPECT_THAT(w.Told(socket), ElementsAre(told->id));
  // The same through a page.
  const int again = w.Attach("alice", 1'000);
  w.Turn();
  EXPECT_THAT(w.Told(again), ElementsAre(told->id));
  EXPECT_EQ(w.Count(again, "connected"), 1);
}

TEST(Streams, WhatHasExpiredIsTheStoresToSayWhateverTheEdgesClock) {
  for (const std::int64_t off_us : {-3'600'000'000, 0L, 3'600'000'000}) {
    World w;
    w.store_time_us = w.clock.UnixMicros();
    w.clock.SetUnixMicros(w.store_time_us + off_us);
    const int socket = w.Attach("alice");
    w.Turn();
    const EntryKind kind = EntryKind::kNotification;
    w.Publish(kind, "alice", "p", w.store_time_us);
    const EntryPtr in_time = w.Publish(kind, "alice", "p", w.store_time_us + 1);
    EXPECT_THAT(w.Told(socket), ElementsAre(in_time->id)) << off_us;
    // A page has what the store put into it; it left out what had expired.
    const EntryPtr late =
        w.log.Commit({.kind = kind, .user_id = "alice", .expires_us = w.store_time_us + 1});
    const int resumed = w.Attach("alice", in_time->id);
    w.Turn();
    EXPECT_THAT(w.Told(resumed), ElementsAre(late->id)) << off_us;
  }
}

TEST(Streams, AStoreThatDoesNotSendItsTimeExpiresNothingLive) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  const EntryPtr old = w.Publish(EntryKind::kNotification, "alice", "p", 1);
  EXPECT_THAT(w.Told(socket), ElementsAre(old->id));
}

TEST(Streams, TheOldestOfAUserGoesWhenOneTooManyComes) {
  StreamOptions options;
  options.per_user_max = 2;
  World w(options);
  const int first = w.Attach("alice");
  const int second = w.Attach("alice");
  const int bob = w.Attach("bob");
  w.Turn();
  const int third = w.Attach("alice");
  w.Turn();
  EXPECT_EQ(w.Bye(first), "evicted");
  EXPECT_EQ(w.Blocks(first).back().retry, 600'000);
  EXPECT_TRUE(w.Socket(first).finished);
  const EntryPtr entry = w.Notify("alice");
  EXPECT_THAT(w.Told(first), IsEmpty());
  EXPECT_THAT(w.Told(second), ElementsAre(entry->id));
  EXPECT_THAT(w.Told(third), ElementsAre(entry->id));
  EXPECT_EQ(w.Bye(bob), "");
  w.Pass(seconds(2));
  EXPECT_TRUE(w.Socket(first).closed);  // a peer that does not close is not waited for
  EXPECT_EQ(w.streams->open(), 3U);
}

TEST(Streams, CapsAreReportedInBandAndAPermitIsGivenBack) {
  StreamOptions options;
  options.streams_max = 2;
  World w(options);
  const int first = w.Attach("a");
  w.Attach("b");
  const int refused = w.Attach("c", 5);
  w.Turn();
  EXPECT_EQ(w.Bye(refused), "overloaded");
  EXPECT_GE(w.Blocks(refused).back().retry, 1'000);
  EXPECT_EQ(w.Count(refused, "connected"), 0);
  w.streams->OnGone(w.Socket(first).handle);
  EXPECT_TRUE(w.Socket(first).closed);
  const int now = w.Attach("c", w.log.last_id());
  w.Turn();
  EXPECT_EQ(w.Bye(now), "");
  EXPECT_EQ(w.Count(now, "connected"), 1);
}

TEST(Streams, EvictingMakesRoomForTheSameUserAtTheProcessCap) {
  StreamOptions options;
  options.streams_max = 1;
  options.per_user_max = 1;
  World w(options);
  const int first = w.Attach("alice");
  const int second = w.Attach("alice");
  w.Turn();
  EXPECT_EQ(w.Bye(first), "evicted");
  EXPECT_EQ(w.Bye(second), "");
}

TEST(Streams, BeforeThePartitionIsFollowedEverybodyComesAgain) {
  World w({}, 1, false);
  const int early = w.Attach("alice");
  w.Turn();
  EXPECT_EQ(w.Bye(early), "overloaded");
  w.streams->SetPartitions(1);
  const int still = w.Attach("alice");
  w.Turn();
  EXPECT_EQ(w.Bye(still), "overloaded");
  EXPECT_FALSE(w.streams->following());
  w.streams->Deliver(Batch{});
  EXPECT_TRUE(w.streams->following());
  const int now = w.Attach("alice");
  w.Turn();
  EXPECT_EQ(w.Count(now, "connected"), 1);
}

TEST(Streams, WhileTheStoreIsAwayStreamsStayOpenAndBeat) {
  World w;
  w.store_answers = false;
  const int socket = w.Attach("alice", 1'000);
  w.Turn();
  EXPECT_THAT(w.Socket(socket).received, HasSubstr("retry: "));
  for (int i = 0; i < 50; ++i) {
    w.FailAll(Code::kUnavailable);
    w.Pass(seconds(1));
  }
  EXPECT_EQ(w.Heartbeats(socket), 2);
  EXPECT_EQ(w.Count(socket, "connected"), 0);
  EXPECT_FALSE(w.Socket(socket).closed);
  const EntryPtr meanwhile = w.Notify("alice");
  w.store_answers = true;
  w.FailAll(Code::kDeadlineExceeded);
  w.Pass(seconds(5));
  EXPECT_EQ(w.Count(socket, "connected"), 1);
  EXPECT_THAT(w.Told(socket), ElementsAre(meanwhile->id));
}

TEST(Streams, AnAnswerThatMakesNoSenseSendsItsStreamsAway) {
  World w;
  w.store_answers = false;
  const int first = w.Attach("alice");
  w.Turn();
  w.FailAll(Code::kInternal);
  w.Turn();
  EXPECT_EQ(w.Bye(first), "overloaded");
  const int second = w.Attach("alice");
  w.Turn();
  w.streams->OnPages(w.reads.at(0).call, std::vector<FeedPage>(3));
  w.Turn();
  EXPECT_EQ(w.Bye(second), "overloaded");
}

TEST(Streams, AFullGateIsReportedInBand) {
  StreamOptions options;
  options.catch_up_waiting_max = 3;
  World w(options);
  for (int i = 0; i < 4; ++i) {
    w.Attach("user" + std::to_string(i));
  }
  w.Turn();
  EXPECT_EQ(w.Bye(3), "");
  EXPECT_EQ(w.Bye(4), "overloaded");
}

TEST(Streams, AStormOfReconnectsReachesTheStoreInFullBatches) {
  StreamOptions options;
  World w(options);
  w.store_answers = false;
  for (int i = 0; i < 1'000; ++i) {
    w.Attach("user" + std::to_string(i), 1'000);
  }
  w.Turn();
  std::size_t calls = 0;
  while (!w.reads.empty()) {
    EXPECT_LE(w.reads.size(), static_cast<std::size_t>(options.catch_up_calls_max));
    ++calls;
    const PendingRead read = w.reads.front();
    w.reads.erase(w.reads.begin());
    w.Answer(read);
    w.Turn();
  }
  EXPECT_EQ(calls, 16U);  // 1,000 / 64, rounded up
  for (int socket = 1; socket <= 1'000; ++socket) {
    EXPECT_EQ(w.Count(socket, "connected"), 1);
  }
}

TEST(Streams, ThoseThatLeaveWhileTheyWaitOrAreReadForAreForgotten) {
  World w;
  w.store_answers = false;
  const int reading = w.Attach("a");
  w.Turn();
  const int waiting = w.Attach("b");
  w.streams->OnGone(w.Socket(reading).handle);
  w.streams->OnGone(w.Socket(waiting).handle);
  const int next = w.Attach("c");  // takes a slot that was used
  w.Turn();
  w.AnswerAll();
  w.Turn();
  EXPECT_EQ(w.Count(next, "connected"), 1);
  EXPECT_EQ(w.Count(reading, "connected"), 0);
  w.streams->OnGone(w.Socket(reading).handle);  // an old handle
  w.streams->OnWritable(w.Socket(waiting).handle);
  EXPECT_EQ(w.streams->open(), 1U);
}

TEST(Streams, BeatsEveryInterval) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Pass(milliseconds(19'900));
  EXPECT_EQ(w.Heartbeats(socket), 0);
  w.Pass(milliseconds(200));
  EXPECT_EQ(w.Heartbeats(socket), 1);
  w.Pass(seconds(60));
  EXPECT_EQ(w.Heartbeats(socket), 4);
}

TEST(Streams, BookmarksAnIdleStreamSoThatItStaysInsideTheWindow) {
  World w;
  const int idle = w.Attach("alice");
  w.Turn();
  const EntryPtr last = w.Notify("bob");
  w.Pass(minutes(6));
  EXPECT_THAT(w.Told(idle), IsEmpty());
  std::vector<EntryId> bookmarks;
  for (const Block& block : w.Blocks(idle)) {
    if (block.event.empty() && block.id != 0) {
      bookmarks.push_back(block.id);
    }
  }
  EXPECT_THAT(bookmarks, ElementsAre(last->id));  // once: it does not move without news
}

TEST(Streams, EndsWithTheToken) {
  World w;
  w.expires_s = w.clock.UnixMicros() / 1'000'000 + 30;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Pass(seconds(29));
  EXPECT_EQ(w.Bye(socket), "");
  w.Pass(seconds(2));
  EXPECT_EQ(w.Bye(socket), "token_expired");
  w.Pass(seconds(2));
  EXPECT_EQ(w.streams->open(), 0U);
}

TEST(Streams, ATokenForAllEternityIsNoProblem) {
  World w;
  w.expires_s = std::numeric_limits<std::int64_t>::max();
  const int socket = w.Attach("alice");
  w.Turn();
  w.Pass(minutes(2));
  EXPECT_EQ(w.Bye(socket), "");
}

TEST(Streams, GroupsForTheTimeTheClientSaid) {
  World w;
  const int socket = w.Attach("alice", {}, milliseconds(200));
  w.Turn();
  w.Notify("alice");
  w.Pass(milliseconds(100));
  const EntryPtr last = w.Notify("alice");
  EXPECT_EQ(w.Count(socket, "notifications"), 0);
  w.Pass(milliseconds(120));
  EXPECT_EQ(w.Count(socket, "notifications"), 1);
  EXPECT_EQ(w.Blocks(socket).back().id, last->id);
  w.Notify("alice");
  w.Pass(milliseconds(240));
  EXPECT_EQ(w.Count(socket, "notifications"), 2);
}

TEST(Streams, ASlowPeerIsNotWrittenToUntilItCanTakeMoreAndThenHasAll) {
  StreamOptions options;
  options.queue_bytes_max = 2'000;
  World w(options);
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).room = 10;
  std::vector<EntryId> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back(w.Notify("alice")->id);
  }
  EXPECT_EQ(w.Socket(socket).writes, 3);  // head and connected, then the one that did not fit
  EXPECT_THAT(w.reads, IsEmpty());
  w.Pass(seconds(25));  // below the limit
  for (int i = 0; i < 1'000 && w.Told(socket).size() < ids.size(); ++i) {
    w.Socket(socket).room += 100;
    w.streams->OnWritable(w.Socket(socket).handle);
    w.Turn();
  }
  EXPECT_EQ(w.Told(socket), ids);
  w.Socket(socket).room = 1 << 30;
  w.streams->OnWritable(w.Socket(socket).handle);
  w.Turn();
  ids.push_back(w.Notify("alice")->id);
  EXPECT_EQ(w.Told(socket), ids);
}

TEST(Streams, APeerThatTakesNothingIsClosedAfterTheStallTimeout) {
  for (const bool overflowing : {false, true}) {
    StreamOptions options;
    options.queue_bytes_max = overflowing ? 1 : 100'000;
    World w(options);
    const int socket = w.Attach("alice");
    w.Turn();
    w.Socket(socket).room = 0;
    w.Notify("alice");
    w.Pass(seconds(29));
    w.Notify("alice");
    EXPECT_FALSE(w.Socket(socket).closed);
    w.Pass(seconds(2));
    EXPECT_TRUE(w.Socket(socket).closed) << overflowing;
    EXPECT_EQ(w.streams->open(), 0U);
  }
}

TEST(Streams, WakingUpWithoutRoomIsNoProgress) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).room = 0;
  w.Notify("alice");
  for (int i = 0; i < 4; ++i) {
    w.Pass(seconds(8));
    w.streams->OnWritable(w.Socket(socket).handle);
    w.Turn();
  }
  EXPECT_TRUE(w.Socket(socket).closed);
}

TEST(Streams, APeerThatTakesALittleNowAndThenStays) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).room = 0;
  w.Notify("alice");
  for (int i = 0; i < 6; ++i) {
    w.Pass(seconds(20));
    w.Socket(socket).room = 5;
    w.streams->OnWritable(w.Socket(socket).handle);
    w.Turn();
  }
  EXPECT_FALSE(w.Socket(socket).closed);
}

TEST(Streams, ABrokenSocketIsClosedAndForgotten) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).gone = true;
  w.Notify("alice");
  EXPECT_TRUE(w.Socket(socket).closed);
  w.Notify("alice");
  EXPECT_EQ(w.streams->open(), 0U);
  EXPECT_EQ(w.caps.streams(), 0);
}

TEST(Streams, AByeThatIsNotTakenDoesNotHoldTheSocketForLong) {
  World w;
  const int socket = w.Attach("alice");
  w.Turn();
  w.Socket(socket).room = 0;
  w.streams->StartDrain(milliseconds(0));
  w.Pass(seconds(4));
  EXPECT_FALSE(w.Socket(socket).closed);
  w.Pass(seconds(2));
  EXPECT_TRUE(w.Socket(socket).closed);
}

TEST(Streams, DrainsEvenlyOverTheWindow) {
  World w;
  for (int i = 0; i < 100; ++i) {
    w.Attach("user" + std::to_string(i));
  }
  w.Turn();
  const auto byes = [&] {
    int count = 0;
    for (const auto& [socket, state] : w.transport.sockets) {
      count += w.Bye(socket) == "draining" ? 1 : 0;
    }
    return count;
  };
  w.streams->StartDrain(seconds(10));
  w.Pass(seconds(5));
  EXPECT_NEAR(byes(), 50, 2);
  const int late = w.Attach("late");
  w.Turn();
  EXPECT_EQ(w.Bye(late), "draining");
  w.Pass(seconds(5));
  EXPECT_EQ(byes(), 101);
  for (auto& [socket, state] : w.transport.sockets) {
    if (!state.closed) {
      w.streams->OnGone(state.handle);  // the peer closes too
    }
  }
  EXPECT_EQ(w.streams->open(), 0U);
}

TEST(Streams, AGapInTheLogIsReadFromTheStoreForEachStreamOfThePartition) {
  World w;
  const int live = w.Attach("alice");
  w.Turn();
  const EntryPtr missed = w.log.Commit({.user_id = "alice"});
  Batch batch;
  batch.entries = {w.log.Commit({.user_id = "alice"})};
  batch.position = batch.entries[0]->id;
  batch.gap = true;
  w.streams->Deliver(batch);
  w.Turn();
  EXPECT_THAT(w.Told(live), ElementsAre(missed->id, batch.position));
}

TEST(Streams, ACursorBelowTheFloorIsResetAndGoesOnLive) {
  World w;
  const EntryPtr old = w.Notify("alice");
  w.log.SetFloor(0, old->id);
  const int socket = w.Attach("alice", old->id - 1);
  w.Turn();
  EXPECT_EQ(w.Count(socket, "reset"), 1);
  EXPECT_THAT(w.Socket(socket).received, HasSubstr("window_passed"));
  const EntryPtr next = w.Notify("alice");
  EXPECT_THAT(w.Told(socket), ElementsAre(next->id));
}

TEST(Streams, AnIdleStreamIsSmall) { EXPECT_LE(Streams::StreamBytes(), 400U); }

}  // namespace
}  // namespace belfry::edge
