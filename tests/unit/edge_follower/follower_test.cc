// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/edge_follower/fake_follower_port.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FollowerTest : public testing::Test {
 protected:
  // Two partitions whose logs end at 100 and 200.
  void Start() {
    follower_.OnTick(now_);
    ASSERT_EQ(port_.heads, 1);
    Heads(100, 200);
    ASSERT_THAT(port_.started, ElementsAre(2));
    ASSERT_THAT(port_.batches, SizeIs(2));
    port_.batches.clear();
    port_.heads = 0;
  }
  void Heads(EntryId first, EntryId second, std::string history = "one", EntryId floor = 0) {
    follower_.OnHeadsRead(
        edge::Heads{2, {{0, first, floor}, {1, second, floor}}, std::move(history)}, now_);
  }
  void Announce(EntryId prev, const std::vector<EntryId>& ids) {
    follower_.OnAnnouncedEntries(history_, 0, Sent(Chain(prev, ids), store_time_us_), now_);
  }
  void Filled(EntryId prev, const std::vector<EntryId>& ids) {
    follower_.OnLogRead(0, Sent(Chain(prev, ids), store_time_us_), now_);
  }
  void FillFails(Code code) { follower_.OnLogRead(0, Fail(code, "read the log"), now_); }
  // Both partitions' heads, then time.
  void AnnounceHeads(EntryId first, EntryId second = 200) {
    follower_.OnAnnouncedHead("one", 0, first, ++sent_us_, now_);
    follower_.OnAnnouncedHead("one", 1, second, ++sent_us_, now_);
  }
  void Pass(milliseconds time) {
    const SteadyTime until = now_ + time;
    while (now_ < until) {
      now_ += milliseconds(10);
      follower_.OnTick(now_);
    }
  }
  // The ids delivered since the last call.
  std::vector<EntryId> Delivered() {
    std::vector<EntryId> ids;
    for (const BatchPtr& batch : port_.batches) {
      for (const EntryPtr& entry : batch->entries) {
        ids.push_back(entry->id);
      }
    }
    port_.batches.clear();
    return ids;
  }
  std::vector<AskedLog> AskedLogs() { return std::exchange(port_.logs, {}); }
  int AskedHeads() { return std::exchange(port_.heads, 0); }

  SteadyTime now_{std::chrono::hours(1)};
  std::string history_ = "one";     // of what is announced from now on
  std::int64_t sent_us_ = 0;        // of the last head
  std::int64_t store_time_us_ = 0;  // of what is announced and read from now on
  FakeFollowerPort port_;
  FollowerOptions options_;
  Follower follower_{options_, port_, {}, {}};
};

TEST_F(FollowerTest, ReadsHeadsUntilTheStoreAnswersWhereToStart) {
  follower_.OnTick(now_);
  EXPECT_EQ(AskedHeads(), 1);
  follower_.OnHeadsRead(Fail(Code::kUnavailable, "no store"), now_);
  Pass(milliseconds(2'000));
  EXPECT_EQ(AskedHeads(), 1);  // one call at a time
  EXPECT_FALSE(follower_.state(now_).following);
  follower_.OnHeadsRead(Fail(Code::kUnavailable, "no store"), now_);
  Pass(milliseconds(2'000));
  EXPECT_EQ(AskedHeads(), 1);
  EXPECT_FALSE(follower_.state(now_).store_seen);
  Heads(100, 200);
  EXPECT_THAT(port_.started, ElementsAre(2));
  EXPECT_TRUE(follower_.state(now_).following);
  ASSERT_THAT(port_.batches, SizeIs(2));
  EXPECT_EQ(port_.batches[1]->partition, 1);
  EXPECT_EQ(port_.batches[1]->position, 200);
  EXPECT_FALSE(port_.batches[1]->gap);
}

TEST_F(FollowerTest, IsNotFollowingWhileAPartitionHasNoPosition) {
  follower_.OnTick(now_);
  follower_.OnHeadsRead(edge::Heads{2, {{0, 100, 0}}, "one"}, now_);
  EXPECT_FALSE(follower_.state(now_).following);
  Pass(milliseconds(100));
  EXPECT_EQ(AskedHeads(), 2);
  Heads(100, 200);
  EXPECT_TRUE(follower_.state(now_).following);
  EXPECT_THAT(port_.started, SizeIs(1));
}

TEST_F(FollowerTest, IgnoresWhatIsAnnouncedBeforeItHasAPosition) {
  Announce(99, {100, 101});
  AnnounceHeads(101);
  EXPECT_THAT(Delivered(), IsEmpty());
  EXPECT_THAT(AskedLogs(), IsEmpty());
}

TEST_F(FollowerTest, DeliversWhatFollowsAndDropsRepeats) {
  Start();
  Announce(100, {105, 110});
  EXPECT_THAT(Delivered(), ElementsAre(105, 110));
  Announce(100, {105, 110});
  Announce(99, {100});
  Announce(105, {110, 120});
  EXPECT_THAT(Delivered(), ElementsAre(120));
  EXPECT_EQ(follower_.position(0), 120);
  EXPECT_EQ(follower_.position(1), 200);
  EXPECT_THAT(AskedLogs(), IsEmpty());
}

TEST_F(FollowerTest, HoldsBackWhatLiesBehindAHoleAndFillsItAtOnce) {
  Start();
  Announce(110, {120});
  EXPECT_THAT(Delivered(), IsEmpty());
  EXPECT_THAT(AskedLogs(), ElementsAre(AskedLog{0, 100}));
  Announce(120, {130});
  EXPECT_THAT(AskedLogs(), IsEmpty());  // one at a time
  Filled(100, {105, 110});
  EXPECT_THAT(Delivered(), ElementsAre(105, 110, 120, 130));
  EXPECT_THAT(AskedLogs(), IsEmpty());
  EXPECT_EQ(follower_.state(now_).held_bytes, 0);
}

TEST_F(FollowerTest, EachBatchCarriesTheStoresTimeOfWhenItsEntriesWereSent) {
  Start();
  store_time_us_ = 7;
  Announce(110, {120, 130});  // held
  store_time_us_ = 9;
  Filled(100, {110});
  ASSERT_THAT(port_.batches, SizeIs(2));
  EXPECT_EQ(port_.batches[0]->store_time_us, 9);
  EXPECT_EQ(port_.batches[0]->position, 110);
  EXPECT_EQ(port_.batches[1]->store_time_us, 7);
  EXPECT_EQ(port_.batches[1]->position, 130);
  EXPECT_THAT(Delivered(), ElementsAre(110, 120, 130));
}

TEST_F(FollowerTest, ALateAnnouncementClosesTheHoleBeforeTheStoreAnswers) {
  Start();
  Announce(110, {120});
  Announce(100, {110});
  EXPECT_THAT(Delivered(), ElementsAre(110, 120));
  Filled(100, {110, 120, 130});
  EXPECT_THAT(Delivered(), ElementsAre(130));
}

TEST_F(FollowerTest, ReadsOnUntilItIsWhereTheStoreIs) {
  Start();
  Announce(140, {150});
  Filled(100, {110, 120});
  Filled(120, {130});
  EXPECT_THAT(AskedLogs(), ElementsAre(AskedLog{0, 100}, AskedLog{0, 120}, AskedLog{0, 130}));
  Filled(130, {140});
  EXPECT_THAT(Delivered(), ElementsAre(110, 120, 130, 140, 150));
  EXPECT_THAT(AskedLogs(), IsEmpty());
}

TEST_F(FollowerTest, WaitsALittleBeforeItFillsATailThatOnlyAHeadAnnounced) {
  Start();
  AnnounceHeads(120);
  Pass(milliseconds(100));
  EXPECT_THAT(AskedLogs(), IsEmpty());
  EXPECT_GT(follower_.state(now_).lag, milliseconds(50));
  Pass(milliseconds(100));
  EXPECT_THAT(AskedLogs(), ElementsAre(AskedLog{0, 100}));
  Filled(100, {120});
  EXPECT_THAT(Delivered(), ElementsAre(120));
  EXPECT_EQ(follower_.state(now_).lag, Duration(0));
}

TEST_F(FollowerTest, AHeadThatOutrunsItsEntriesCostsNoRead) {
  Start();
  AnnounceHeads(120);
  Pass(milliseconds(100));
  Announce(100, {120});
  AnnounceHeads(130);
  Pass(milliseconds(100));
  Announce(120, {130});
  Pass(milliseconds(300));
  EXPECT_THAT(AskedLogs(), IsEmpty());
}

TEST_F(FollowerTest, AsksTheStoreEverySecondWhileNoHeadsAreAnnounced) {
  Start();
  Pass(milliseconds(1'400));
  EXPECT_EQ(AskedHeads(), 0);
  Pass(milliseconds(150));
  EXPECT_EQ(AskedHeads(), 1);
  EXPECT_TRUE(follower_.state(now_).silent);
  Heads(120, 200);
  EXPECT_THAT(AskedLogs(), ElementsAre(AskedLog{0, 100}));  // no grace: nothing is announced
  Filled(100, {120});
  EXPECT_THAT(Delivered(), ElementsAre(120));
  for (int i = 0; i < 5; ++i) {
    Pass(milliseconds(1'000));
    EXPECT_EQ(AskedHeads(), 1);
    Heads(120, 200);
  }
  for (int i = 0; i < 5; ++i) {
    AnnounceHeads(120);
    Pass(milliseconds(500));
  }
  EXPECT_FALSE(follower_.state(now_).silent);
  EXPECT_EQ(AskedHeads(), 0);
}

TEST_F(FollowerTest, OnePartitionsSilenceIsEnoughToAsk) {
  Start();
  for (int i = 0; i < 4; ++i) {
    follower_.OnAnnouncedHead("one", 0, 100, ++sent_us_, now_);
    Pass(milliseconds(500));
  }
  EXPECT_EQ(AskedHeads(), 1);
}

TEST_F(FollowerTest, ChecksTheStoreNowAndThenEvenWhenAllIsWell) {
  Start();
  for (int i = 0; i < 11; ++i) {
    AnnounceHeads(100);
    Pass(milliseconds(500));
  }
  EXPECT_EQ(AskedHeads(), 1);
}

TEST_F(FollowerTest, RetriesAFailedReadAfterAWaitThatGrows) {
  Start();
  Announce(110, {120});
  int reads = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::size_t asked = AskedLogs().size();
    ASSERT_LE(asked, 1u);
    if (asked == 1) {
      ++reads;
      FillFails(Code::kUnavailable);
      ASSERT_THAT(port_.logs, IsEmpty());  // never at once
    }
    Pass(milliseconds(10));
  }
  EXPECT_GE(reads, 10);  // in 10 s
  EXPECT_LE(reads, 60);
  Pass(milliseconds(1'100));
  Filled(100, {110});
  EXPECT_THAT(Delivered(), ElementsAre(110, 120));
}

TEST_F(FollowerTest, DeliversAGapWhenTheStoreNoLongerHasWhatFollows) {
  Start();
  AnnounceHeads(300);
  Pass(milliseconds(200));
  FillFails(Code::kOutOfRange);
  EXPECT_EQ(AskedHeads(), 1);
  Heads(310, 200, "one", 250);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_TRUE(port_.batches[0]->gap);
  EXPECT_EQ(port_.batches[0]->position, 310);
  EXPECT_THAT(port_.batches[0]->entries, IsEmpty());
  port_.batches.clear();
  Announce(310, {320});
  EXPECT_THAT(Delivered(), ElementsAre(320));
}

TEST_F(FollowerTest, TakesNoHeadForAJumpThatWasAskedForBeforeTheLoss) {
  Start();
  Pass(milliseconds(1'550));
  ASSERT_EQ(AskedHeads(), 1);
  Announce(110, {120});
  FillFails(Code::kOutOfRange);
  Heads(100, 200);  // as of before
  EXPECT_THAT(port_.batches, IsEmpty());
  Pass(milliseconds(100));
  ASSERT_EQ(AskedHeads(), 1);
  Heads(130, 200);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_TRUE(port_.batches[0]->gap);
}

TEST_F(FollowerTest, IgnoresOutOfRangeForAPositionThatHasMovedOn) {
  Start();
  Announce(110, {120});
  Announce(100, {110});
  EXPECT_THAT(Delivered(), ElementsAre(110, 120));
  FillFails(Code::kOutOfRange);
  Pass(milliseconds(300));
  EXPECT_THAT(port_.batches, IsEmpty());
  EXPECT_EQ(AskedHeads(), 0);
}

TEST_F(FollowerTest, DeliversAGapWhenTheStoreHasAnotherHistory) {
  Start();
  Announce(110, {120});  // a read is under way
  Pass(milliseconds(1'600));
  Heads(50, 500, "two");
  ASSERT_THAT(port_.batches, SizeIs(2));
  EXPECT_TRUE(port_.batches[0]->gap);
  EXPECT_EQ(port_.batches[0]->position, 50);
  EXPECT_TRUE(port_.batches[1]->gap);
  EXPECT_EQ(port_.batches[1]->position, 500);
  port_.batches.clear();
  Filled(100, {110, 120});  // of the old history: dropped
  EXPECT_THAT(port_.batches, IsEmpty());
  history_ = "two";
  Announce(50, {60});
  EXPECT_THAT(Delivered(), ElementsAre(60));
}

TEST_F(FollowerTest, DeliversAGapWhenTheStoreHasLostWhatWasApplied) {
  Start();
  Announce(100, {110, 120});
  Delivered();
  Pass(milliseconds(1'600));
  Heads(110, 200);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_TRUE(port_.batches[0]->gap);
  EXPECT_EQ(port_.batches[0]->position, 110);
}

TEST_F(FollowerTest, AHeadAskedForBeforeTheLastEntriesIsNoLoss) {
  Start();
  Pass(milliseconds(1'600));
  ASSERT_EQ(AskedHeads(), 1);
  Announce(100, {110, 120});
  Heads(110, 200);
  EXPECT_THAT(Delivered(), ElementsAre(110, 120));
  EXPECT_EQ(follower_.position(0), 120);
}

TEST_F(FollowerTest, AHeadFromBehindMakesItAskTheStore) {
  Start();
  Announce(100, {110});
  AnnounceHeads(105);
  Pass(milliseconds(1'000));
  EXPECT_EQ(AskedHeads(), 1);
}

TEST_F(FollowerTest, ALogThatGoesOnFromBeforeItsPositionIsAGap) {
  Start();
  Announce(100, {110});
  Delivered();
  Announce(105, {120});  // 110 is not part of this history
  EXPECT_THAT(Delivered(), IsEmpty());
  Pass(milliseconds(60));
  ASSERT_EQ(AskedHeads(), 1);
  Heads(120, 200);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_TRUE(port_.batches[0]->gap);
  EXPECT_EQ(follower_.position(0), 120);
}

TEST_F(FollowerTest, WhatTheStoreDoesNotHaveIsForgotten) {
  Start();
  Announce(110, {120});  // nobody ever committed this
  EXPECT_THAT(AskedLogs(), SizeIs(1));
  Filled(100, {});
  EXPECT_EQ(follower_.state(now_).held_bytes, 0);
  EXPECT_EQ(follower_.state(now_).lag, Duration(0));
  Announce(100, {130});
  EXPECT_THAT(Delivered(), ElementsAre(130));
}

TEST_F(FollowerTest, AnAnnouncedHeadAloneMovesNoPosition) {
  Start();
  AnnounceHeads(150);
  Pass(milliseconds(200));
  Filled(100, {});
  EXPECT_THAT(port_.batches, IsEmpty());
  EXPECT_EQ(follower_.position(0), 100);
  Announce(100, {120});  // which the head would have passed over
  EXPECT_THAT(Delivered(), ElementsAre(120));
}

TEST_F(FollowerTest, PassesOverIdsThatTheStoreAnswersButDoesNotHave) {
  Start();
  AnnounceHeads(150);
  Pass(milliseconds(200));
  Filled(100, {});
  Pass(milliseconds(1'000));
  ASSERT_EQ(AskedHeads(), 1) << "soon";
  Heads(150, 200);
  Pass(milliseconds(200));
  Filled(100, {});
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_FALSE(port_.batches[0]->gap);
  EXPECT_EQ(port_.batches[0]->position, 150);
  Announce(150, {160});
  EXPECT_THAT(Delivered(), ElementsAre(160));
}

TEST_F(FollowerTest, AHeadThatCameDuringTheReadIsReadFor) {
  Start();
  AnnounceHeads(150);
  Pass(milliseconds(200));
  AnnounceHeads(170);
  Filled(100, {});
  EXPECT_EQ(follower_.position(0), 100);
  Pass(milliseconds(200));
  EXPECT_THAT(AskedLogs(), ElementsAre(AskedLog{0, 100}, AskedLog{0, 100}));
  Filled(100, {170});
  EXPECT_THAT(Delivered(), ElementsAre(170));
}

// An old head is no sign of life, or whoever repeats it could hide that the store is not heard.
TEST_F(FollowerTest, AHeadThatIsSentAgainEndsNoSilence) {
  Start();
  AnnounceHeads(100);
  const std::int64_t first = sent_us_ - 1;
  for (int i = 0; i < 3; ++i) {
    Pass(milliseconds(500));
    follower_.OnAnnouncedHead("one", 0, 100, first, now_);
    follower_.OnAnnouncedHead("one", 0, 400, first - 1, now_);
  }
  Pass(milliseconds(50));
  EXPECT_TRUE(follower_.state(now_).silent);
  EXPECT_EQ(AskedHeads(), 1);
  EXPECT_THAT(AskedLogs(), IsEmpty());
}

TEST_F(FollowerTest, AHeadFromLongBeforeTheStoresTimeIsOld) {
  constexpr std::int64_t kNow = 1'700'000'000'000'000;
  follower_.OnTick(now_);
  follower_.OnHeadsRead(edge::Heads{2, {{0, 100, 0}, {1, 200, 0}}, "one", kNow}, now_);
  port_.heads = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    Pass(milliseconds(500));
    follower_.OnAnnouncedHead("one", 0, 100, kNow - 10'000'000 + i, now_);  // recorded earlier
    follower_.OnAnnouncedHead("one", 1, 200, kNow - 1'000'000 + i, now_);   // on its way
  }
  EXPECT_EQ(AskedHeads(), 1) << "of partition 0 no head is heard";
  // The clock was set back: the store says so, and its heads count again.
  follower_.OnHeadsRead(edge::Heads{2, {{0, 100, 0}, {1, 200, 0}}, "one", kNow / 2}, now_);
  for (std::int64_t i = 1; i < 5; ++i) {
    follower_.OnAnnouncedHead("one", 0, 100, kNow / 2 + i, now_);
    follower_.OnAnnouncedHead("one", 1, 200, kNow / 2 + i, now_);
    Pass(milliseconds(500));
  }
  EXPECT_FALSE(follower_.state(now_).silent);
  EXPECT_EQ(AskedHeads(), 0);
}

TEST_F(FollowerTest, WhatIsOfAnotherHistoryIsRefusedAndTheStoreIsAsked) {
  Start();
  follower_.OnAnnouncedEntries("old", 0, Sent(Chain(100, {110})), now_);
  follower_.OnAnnouncedHead("old", 0, 900, 1, now_);
  follower_.OnAnnouncedBody("old", 120, "of then", now_);
  EXPECT_THAT(Delivered(), IsEmpty());
  Pass(milliseconds(1'000));
  EXPECT_EQ(AskedHeads(), 1);
  EXPECT_THAT(AskedLogs(), IsEmpty());
  Announce(100, {110});
  EXPECT_THAT(Delivered(), ElementsAre(110));
}

TEST_F(FollowerTest, BodiesAreForgottenWithTheirHistory) {
  Start();
  follower_.OnAnnouncedBody("one", 110, "of history one", now_);
  Pass(milliseconds(1'600));
  Heads(100, 200, "two");
  port_.batches.clear();
  Entry reference = *MakeEntry(100, 110);
  reference.kind = EntryKind::kBroadcast;
  reference.broadcast_id = 110;
  reference.payload = {};
  follower_.OnAnnouncedEntries("two", 0, Sent({std::make_shared<const Entry>(reference)}), now_);
  EXPECT_THAT(port_.batches, IsEmpty()) << "its body has not been announced";
}

TEST_F(FollowerTest, AnEntryInAPartitionThatIsNotItsUsersIsRefused) {
  Start();
  Entry entry = *MakeEntry(100, 110);
  entry.user_id = "alice";
  const Partition of_alice = PartitionOf(entry.project, entry.user_id, 2);
  const EntryId end = of_alice == 0 ? 200 : 100;
  entry.partition = 1 - of_alice;
  entry.prev = end;
  entry.id = end + 10;
  follower_.OnAnnouncedEntries("one", entry.partition, Sent({std::make_shared<const Entry>(entry)}),
                               now_);
  EXPECT_THAT(Delivered(), IsEmpty());
  EXPECT_EQ(follower_.position(entry.partition), end);
  entry.partition = of_alice;
  entry.prev = of_alice == 0 ? 100 : 200;
  entry.id = entry.prev + 10;
  follower_.OnAnnouncedEntries("one", of_alice, Sent({std::make_shared<const Entry>(entry)}), now_);
  EXPECT_THAT(Delivered(), ElementsAre(entry.id));
}

TEST_F(FollowerTest, AHoleInTheStoresOwnLogIsAGap) {
  Start();
  Announce(120, {130});
  Filled(105, {110, 120});
  EXPECT_THAT(Delivered(), IsEmpty());
  Pass(milliseconds(60));
  Heads(130, 200);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_TRUE(port_.batches[0]->gap);
}

TEST_F(FollowerTest, SaysWhenTheStoreHasAnotherNumberOfPartitions) {
  Start();
  Pass(milliseconds(1'600));
  follower_.OnHeadsRead(edge::Heads{4, {{0, 10, 0}}, "two"}, now_);
  EXPECT_TRUE(follower_.state(now_).repartitioned);
  EXPECT_EQ(follower_.position(0), 100);
}

TEST_F(FollowerTest, IgnoresPartitionsThatDoNotExist) {
  Start();
  follower_.OnAnnouncedEntries("one", 7, Sent(Chain(0, {1})), now_);
  follower_.OnAnnouncedHead("one", 7, 1, ++sent_us_, now_);
  follower_.OnHeadsRead(edge::Heads{2, {{9, 1, 0}}, "one"}, now_);
  EXPECT_THAT(port_.batches, IsEmpty());
}

TEST(FollowerBounds, HoldsNoMoreThanItsBytesAndStillGetsThere) {
  FakeFollowerPort port;
  FollowerOptions options;
  const std::size_t each = EntryBytes(*MakeEntry(1, 2));
  options.held_bytes_max = 3 * each;
  Follower follower(options, port, {}, {});
  SteadyTime now{std::chrono::hours(1)};
  follower.OnTick(now);
  follower.OnHeadsRead(Heads{1, {{0, 10, 0}}, "one"}, now);
  port.batches.clear();
  for (EntryId id = 12; id < 40; ++id) {
    follower.OnAnnouncedEntries("one", 0, Sent(Chain(id - 1, {id})), now);
    EXPECT_LE(follower.state(now).held_bytes, 3 * each);
  }
  follower.OnLogRead(0, Sent(Chain(10, {11})), now);
  EXPECT_EQ(follower.position(0), 14);
  ASSERT_EQ(port.logs.size(), 2u);  // what was not held is asked for
  std::vector<EntryId> rest;
  for (EntryId id = 15; id < 40; ++id) {
    rest.push_back(id);
  }
  follower.OnLogRead(0, Sent(Chain(14, rest)), now);
  EXPECT_EQ(follower.position(0), 39);
  EXPECT_EQ(follower.state(now).held_bytes, 0u);
}

TEST(FollowerBounds, ReadsOnlySoManyLogsAtOnceAndAllInTheEnd) {
  FakeFollowerPort port;
  FollowerOptions options;
  options.fills_max = 2;
  Follower follower(options, port, {}, {});
  SteadyTime now{std::chrono::hours(1)};
  follower.OnTick(now);
  Heads heads{5, {}, "one"};
  for (Partition i = 0; i < 5; ++i) {
    heads.heads.push_back({i, 10, 0});
  }
  follower.OnHeadsRead(heads, now);
  for (Partition i = 0; i < 5; ++i) {
    follower.OnAnnouncedEntries("one", i, Sent({MakeEntry(20, 30, i)}), now);
  }
  for (std::size_t done = 0; done < 5; ++done) {
    ASSERT_EQ(port.logs.size(), std::min<std::size_t>(5, done + 2));
    const AskedLog asked = port.logs[done];
    follower.OnLogRead(asked.partition, Sent({MakeEntry(10, 20, asked.partition)}), now);
    EXPECT_EQ(follower.position(asked.partition), 30);
  }
}

TEST(FollowerBounds, SplitsLongBatches) {
  FakeFollowerPort port;
  FollowerOptions options;
  options.batch_entries_max = 2;
  Follower follower(options, port, {}, {});
  SteadyTime now{std::chrono::hours(1)};
  follower.OnTick(now);
  follower.OnHeadsRead(Heads{1, {{0, 10, 0}}, "one"}, now);
  port.batches.clear();
  follower.OnAnnouncedEntries("one", 0, Sent(Chain(10, {11, 12, 13, 14, 15})), now);
  ASSERT_EQ(port.batches.size(), 3u);
  EXPECT_EQ(port.batches[0]->position, 12);
  EXPECT_EQ(port.batches[1]->position, 14);
  EXPECT_EQ(port.batches[2]->position, 15);
  EXPECT_EQ(port.batches[2]->entries.size(), 1u);
}

TEST_F(FollowerTest, TakesAReferenceWithoutABodyForAHole) {
  Start();
  Entry reference = *MakeEntry(100, 110);
  reference.kind = EntryKind::kBroadcast;
  reference.broadcast_id = 110;
  reference.payload = {};
  follower_.OnAnnouncedEntries(
      "one", 0, Sent({std::make_shared<const Entry>(reference), MakeEntry(110, 120)}), now_);
  EXPECT_THAT(Delivered(), IsEmpty());
  Pass(milliseconds(200));
  ASSERT_THAT(port_.logs, ElementsAre(AskedLog{0, 100}));
  Entry whole = reference;
  whole.payload = "body";
  follower_.OnLogRead(0, Sent({std::make_shared<const Entry>(whole)}), now_);
  EXPECT_THAT(Delivered(), ElementsAre(110, 120));
}

TEST_F(FollowerTest, GivesAReferenceTheBodyThatWasAnnounced) {
  Start();
  follower_.OnAnnouncedBody("one", 110, "body", now_);
  Entry reference = *MakeEntry(100, 110);
  reference.kind = EntryKind::kBroadcast;
  reference.broadcast_id = 110;
  reference.payload = {};
  follower_.OnAnnouncedEntries("one", 0, Sent({std::make_shared<const Entry>(reference)}), now_);
  ASSERT_THAT(port_.batches, SizeIs(1));
  EXPECT_EQ(port_.batches[0]->entries.at(0)->payload, Payload("body"));
}

}  // namespace
}  // namespace belfry::edge
