// SPDX-License-Identifier: Apache-2.0
// Counts are right: the unread count that a client received, against a walk over its feed.
#include "tests/unit/checker/checker_fixture.h"

namespace belfry::test {
namespace {

// Alice's feed is 11, 13, 14 (a broadcast) and 15; bob's is 12, 14 and 16.
class CountsTest : public CheckerTest {
 protected:
  CountsTest() {
    Store();
    TellCount("phone", 0, 10);
    TellCount("tab", 3, 14);
    TellCount("bobs", 3, 16);
  }

  // In the first `connected`.
  StreamEvent& TellCount(const std::string& client, std::int64_t unread, EntryId up_to) {
    for (StreamEvent& event : ClientOf(client).events) {
      if (event.kind == Kind::kConnected) {
        event.unread = unread;
        event.up_to = up_to;
        return event;
      }
    }
    ADD_FAILURE() << client << " never connected";
    return ClientOf(client).events.front();
  }
  // What was at or below `floor` is retired, at this time of the history.
  void Retire(EntryId floor, std::int64_t at_us) {
    Store(floor);
    StoredLog& kept = history_.stored.front();
    for (const Publish& publish : history_.publishes) {
      if (!publish.ids.empty() && publish.ids.front() <= floor) {
        const EntryId id = publish.ids.front();
        kept.retired.push_back({0, id, 0, kProject, publish.user_id, publish.tag,
                                publish.user_id.empty() ? id : 0, 0});
      }
    }
    kept.floors = {{0, 0}, {at_us, floor}};
  }
  void ExpectNotJudged(std::size_t excused) {
    ExpectKept();
    EXPECT_EQ(Judge().of(Clause::kCounts).count, 0u);
    EXPECT_EQ(Judge().of(Clause::kCounts).excused, excused);
    EXPECT_EQ(Judge().OutcomeOf(Clause::kCounts), "not judged");
  }

  Judged judged() { return Judge().of(Clause::kCounts); }
};

TEST_F(CountsTest, AcceptsWhatAWalkGives) {
  ExpectKept();
  EXPECT_EQ(judged().count, 3u);
  EXPECT_EQ(judged().excused, 0u);
}

TEST_F(CountsTest, FlagsOneTooManyAndOneTooFew) {
  TellCount("tab", 4, 14);
  ExpectOnlyBroken(Clause::kCounts, 14);
  TellCount("tab", 2, 14);
  ExpectOnlyBroken(Clause::kCounts, 14);
  EXPECT_THAT(Judge().ToString(),
              testing::HasSubstr("received the count 2 at 14, and 3 are unread"));
}

TEST_F(CountsTest, FlagsACountThatLeavesOutABroadcast) {
  TellCount("bobs", 2, 16);
  ExpectOnlyBroken(Clause::kCounts, 16);
}

TEST_F(CountsTest, JudgesTheCountInAReset) {
  Reset(ClientOf("phone"), "window_passed", 0, 16);
  StreamEvent& reset = ClientOf("phone").events.back();
  reset.up_to = 16;
  reset.unread = 4;
  EXPECT_FALSE(Judge().Has(Clause::kCounts)) << Judge().ToString();
  reset.unread = 5;
  ExpectBroken(Clause::kCounts, 16);
}

TEST_F(CountsTest, WhatHasExpiredCountsUntilItIsRetired) {
  StoredOf("a-1").expires_us = 1;
  EXPECT_FALSE(Judge().Has(Clause::kCounts)) << Judge().ToString();
  TellCount("tab", 2, 14);
  EXPECT_TRUE(Judge().Has(Clause::kCounts));
}

TEST_F(CountsTest, AnEntryThatIsNoNotificationDoesNotCount) {
  AppendStored(17, "", "alice");
  TellCount("tab", 4, 17);
  ExpectKept();
}

TEST_F(CountsTest, WhatWasRetiredBeforeTheConnectionDoesNotCount) {
  Retire(12, 1);
  TellCount("tab", 2, 14);
  TellCount("bobs", 2, 16);
  ExpectKept();
  EXPECT_EQ(judged().count, 3u);
  TellCount("tab", 3, 14);
  ExpectOnlyBroken(Clause::kCounts, 14);
}

TEST_F(CountsTest, WhatWasRetiredAfterTheCountWasSentCounts) {
  Retire(12, Tick());
  ExpectKept();
  EXPECT_EQ(judged().count, 3u);
  TellCount("tab", 2, 14);
  ExpectOnlyBroken(Clause::kCounts, 14);
}

TEST_F(CountsTest, WhatIsRetiredWhileTheClientConnectsMayCountOrNot) {
  Retire(12, TellCount("tab", 3, 14).at_us);
  TellCount("bobs", 2, 16);
  ExpectKept();
  TellCount("tab", 2, 14);
  ExpectKept();
  TellCount("tab", 1, 14);
  ExpectOnlyBroken(Clause::kCounts, 14);
  EXPECT_THAT(Judge().ToString(), testing::HasSubstr("2 or 3 are"));
}

TEST_F(CountsTest, AMutedBroadcastIsNotOfTheFeed) {
  Stored muting{0, 5, 0, kProject, "alice", "", 0, 0};
  muting.change.op = StateOp::kPreferences;
  muting.change.muted_kinds = {"news."};
  entries().insert(entries().begin(), muting);
  Relink();
  for (Stored& entry : entries()) {
    if (entry.id == 14) {
      entry.kind = "news.daily";
    }
  }
  ExpectOnlyBroken(Clause::kCounts, 14);
  TellCount("tab", 2, 14);
  ExpectKept();
  entries().front().change.muted_kinds = {"digest."};
  ExpectOnlyBroken(Clause::kCounts, 14);
}

TEST_F(CountsTest, AMutedBroadcastIsNotMissedThoughItIsRetired) {
  Retire(14, 1);
  StoredLog& log = history_.stored.front();
  Stored muting{0, 5, 0, kProject, "alice", "", 0, 0};
  muting.change.op = StateOp::kPreferences;
  muting.change.muted_kinds = {"news."};
  log.retired.insert(log.retired.begin(), muting);
  std::string tag;
  for (Stored& entry : log.retired) {
    if (entry.id == 14) {
      entry.kind = "news.daily";
      tag = entry.tag;
    }
  }
  Forget("tab", tag);
  EXPECT_FALSE(Judge().Has(Clause::kNoSilentGap)) << Judge().ToString();
  log.retired.front().change.muted_kinds = {"digest."};
  EXPECT_TRUE(Judge().Has(Clause::kNoSilentGap));
}

TEST_F(CountsTest, AReadAllOfOneKindLeavesTheOthers) {
  StoredOf("a-1").kind = "chat.message";
  Stored& mark = AppendStored(17, "", "alice");
  mark.change.op = StateOp::kReadAll;
  mark.change.up_to = 16;
  mark.change.kind = "chat.";
  TellCount("tab", 3, 17);
  ExpectKept();
  TellCount("tab", 0, 17);
  ExpectOnlyBroken(Clause::kCounts, 17);
}

// What it cannot know.

TEST_F(CountsTest, JudgesNothingWithoutTheLog) {
  TellCount("tab", 9, 14);
  history_.stored.clear();
  ExpectNotJudged(0);
}

TEST_F(CountsTest, JudgesNothingWithAFloorOfUnknownTime) {
  TellCount("tab", 9, 14);
  Store(12);
  ExpectNotJudged(3);
}

TEST_F(CountsTest, JudgesNothingWithALossAndFloorsOfUnknownTime) {
  TellCount("tab", 9, 14);
  history_.stored.front().lost = {{100, 200}};
  ExpectNotJudged(3);
}

TEST_F(CountsTest, JudgesNoCountInsideALoss) {
  history_.stored.front().floors = {{0, 0}};
  history_.stored.front().lost = {{100, 200}};
  TellCount("tab", 9, 150);
  EXPECT_FALSE(Judge().Has(Clause::kCounts)) << Judge().ToString();
  EXPECT_EQ(judged().excused, 1u);
  TellCount("tab", 9, 200);
  EXPECT_TRUE(Judge().Has(Clause::kCounts));
}

TEST_F(CountsTest, JudgesNoCountThatWasSentAfterTheLogWasRead) {
  history_.stored.front().read_us = TellCount("bobs", 9, 16).at_us;
  EXPECT_FALSE(Judge().Has(Clause::kCounts)) << Judge().ToString();
  EXPECT_EQ(judged().excused, 1u);
}

}  // namespace
}  // namespace belfry::test
