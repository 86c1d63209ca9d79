// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/retention.h"

#include <gtest/gtest.h>

#include "services/store/core/typed_rows.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

constexpr std::chrono::seconds kWindow{60};

struct RetentionRig : Rig {
  explicit RetentionRig(std::uint32_t step = 1'000)
      : Rig({}, 1), retention({kWindow, step}, *sequencer, log, clock, {}, {}) {}
  void RunAll() {
    while (retention.Step()) {
    }
  }
  Retention retention;
};

TEST(Retention, MovesTheFloorToTheLastEntryBehindTheWindow) {
  RetentionRig rig;
  ASSERT_TRUE(rig.Append(Item("alice", "1")).ok());
  rig.clock.Advance(std::chrono::seconds(1));
  const auto second = rig.Append(Item("alice", "2"));
  rig.clock.Advance(std::chrono::seconds(1));
  const auto third = rig.Append(Item("bob", "3"));
  rig.RunAll();
  EXPECT_EQ(rig.log.Heads()[0].floor, 0u) << "nothing is old yet";
  rig.clock.Advance(kWindow - std::chrono::seconds(1));
  rig.RunAll();
  EXPECT_EQ(rig.log.Heads()[0].floor, second->id);
  EXPECT_EQ(rig.log.Heads()[0].last_id, third->id);
  ASSERT_TRUE(rig.log.record("acme", "alice").has_value()) << "a record outlives its entries";
  EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 0u);
  EXPECT_EQ(rig.log.record("acme", "bob")->unread(), 1u);
}

TEST(Retention, TakesWhatGoesOffTheUnreadCount) {
  RetentionRig rig;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rig.Append(Item("alice", std::to_string(i))).ok());
    rig.clock.Advance(std::chrono::seconds(10));
  }
  rig.clock.Advance(kWindow - std::chrono::seconds(20));
  rig.RunAll();
  EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 1u);
  ASSERT_TRUE(rig.Append(Item("alice", "new")).ok());
  EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 2u);
}

TEST(Retention, SubtractsNothingThatCountsAsRead) {
  RetentionRig rig;
  const auto first = rig.Append(Item("alice", "1"));
  ASSERT_TRUE(rig.Append(Item("alice", "2")).ok());
  rig.clock.Advance(kWindow + std::chrono::seconds(1));
  ASSERT_TRUE(rig.Append(Item("alice", "3")).ok());
  // The first one is read: one of the two that go is on the count.
  CommitBatch read;
  SetUser(read, {0, "acme", "alice"},
          OnReadAll(*rig.log.record("acme", "alice"), first->id, rig.log.Heads()[0].last_id,
                    {.counters = {{"", 2}}}));
  ASSERT_TRUE(rig.log.Commit(read).ok());
  rig.Restart();
  Retention retention({kWindow, 1'000}, *rig.sequencer, rig.log, rig.clock, {}, {});
  EXPECT_TRUE(retention.Step());
  EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 1u);
}

TEST(Retention, GoesInBoundedStepsOfOneCommitEach) {
  RetentionRig rig(10);
  for (int i = 0; i < 35; ++i) {
    ASSERT_TRUE(rig.Append(Item("user" + std::to_string(i % 3), std::to_string(i))).ok());
  }
  rig.clock.Advance(kWindow * 2);
  const int before = rig.log.commits;
  int steps = 0;
  EntryId floor = 0;
  while (rig.retention.Step()) {
    ++steps;
    EXPECT_EQ(rig.log.commits, before + steps);
    EXPECT_GT(rig.log.Heads()[0].floor, floor);
    floor = rig.log.Heads()[0].floor;
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(floor, rig.log.Heads()[0].last_id);
}

TEST(Retention, KeepsIdsAndLinksGoingWhenEverythingIsGone) {
  RetentionRig rig;
  const auto last = rig.Append(Item("alice", "1"));
  rig.clock.Advance(kWindow);
  rig.RunAll();
  rig.log.tables().logs[0].clear();
  rig.clock.SetUnixMicros(5);
  rig.Restart();
  const auto next = rig.Append(Item("alice", "2"));
  EXPECT_EQ(next->id, last->id + 1);
  EXPECT_EQ(rig.log.log(0).back()->prev, last->id);
}

TEST(Retention, LeavesTheFloorWhereItWasWhenTheCommitFails) {
  RetentionRig rig;
  ASSERT_TRUE(rig.Append(Item("alice", "1")).ok());
  rig.clock.Advance(kWindow);
  rig.log.next_commit = FakeEventLog::NextCommit::kFailsUnwritten;
  EXPECT_FALSE(rig.retention.Step());
  EXPECT_TRUE(rig.sequencer->failed());
  EXPECT_EQ(rig.log.Heads()[0].floor, 0u);
  EXPECT_FALSE(rig.retention.Step());
}

TEST(Retention, CountsBroadcastsWithoutHeads) {
  RetentionRig rig;
  const auto broadcast = rig.Append(BroadcastItem("b"));
  rig.clock.Advance(kWindow);
  rig.RunAll();
  EXPECT_EQ(rig.log.Heads()[0].floor, broadcast->id);
  ASSERT_TRUE(rig.Append(BroadcastItem("b2")).ok());
  EXPECT_EQ(rig.log.tables().Project("acme").live.size(), 1u) << "the first one is not live";
}

}  // namespace
}  // namespace belfry::store
