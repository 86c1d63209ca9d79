// SPDX-License-Identifier: Apache-2.0
// What the store holds in the end, against what was said and told.
#include "tests/unit/checker/checker_fixture.h"

namespace belfry::test {
namespace {

class StoredTest : public CheckerTest {
 protected:
  StoredTest() { Store(); }
};

TEST_F(StoredTest, AcceptsAStoreThatHoldsWhatWasAcknowledged) {
  ExpectKept();
  EXPECT_EQ(Judge().stored, 6u);
  EXPECT_EQ(Judge().of(Clause::kDurable).count, 6u);
}

TEST_F(StoredTest, AcceptsAnUnknownThatIsStoredAndDelivered) {
  AppendStored(17, "maybe-1", "alice");
  Notify(ClientOf("phone"), 17, "maybe-1");
  Notify(ClientOf("tab"), 17, "maybe-1");
  ExpectKept();
}

TEST_F(StoredTest, AcceptsEntriesThatAreNoNotifications) {
  AppendStored(17, "", "alice");
  ExpectKept();
}

TEST_F(StoredTest, NeedsNothingAtOrBelowTheFloor) {
  Store(13);
  ExpectKept();
  EXPECT_EQ(Judge().of(Clause::kDurable).excused, 3u);
}

TEST_F(StoredTest, MayStillHoldWhatLiesBelowTheFloor) {
  history_.stored.front().floor = 13;
  ExpectKept();
}

// Durable.

TEST_F(StoredTest, FlagsAnAcknowledgedOneThatIsGoneThoughEverybodyReceivedIt) {
  Unstore("a-2");
  ExpectOnlyBroken(Clause::kDurable, 13);
}

TEST_F(StoredTest, FlagsOnceWhatIsGoneTogetherWithItsLink) {
  std::erase_if(entries(), [](const Stored& entry) { return entry.tag == "a-2"; });
  ExpectOnlyBroken(Clause::kDurable, 13);
}

TEST_F(StoredTest, FlagsALostTail) {
  entries().pop_back();
  ExpectOnlyBroken(Clause::kDurable, 16);
}

TEST_F(StoredTest, FlagsABroadcastOfWhichACopyIsMissing) {
  options_.partitions = 2;
  history_.stored.push_back(history_.stored.front());
  const Partition alices = PartitionOf(kProject, "alice", 2);
  ASSERT_NE(alices, PartitionOf(kProject, "bob", 2));
  for (Partition p = 0; p < 2; ++p) {
    StoredLog& log = history_.stored[p];
    log.partition = p;
    EntryId prev = 0;
    std::erase_if(log.entries, [&](const Stored& entry) {
      return !entry.user_id.empty() && PartitionOf(kProject, entry.user_id, 2) != p;
    });
    for (Stored& entry : log.entries) {
      prev = (entry.partition = p, entry.prev = prev, entry.id);
    }
  }
  ExpectKept();
  std::vector<Stored>& bobs = history_.stored[1 - alices].entries;
  std::erase_if(bobs, [](const Stored& entry) { return entry.tag == "all-1"; });
  ExpectOnlyBroken(Clause::kDurable, 14);
}

TEST_F(StoredTest, FlagsAnAcknowledgedOneThatIsStoredWithAnotherContent) {
  StoredOf("a-2").tag = "a-2 but not quite";
  ExpectOnlyBroken(Clause::kDurable, 13);
}

TEST_F(StoredTest, FlagsWhatWasDeliveredBeforeItWasDurable) {
  Notify(ClientOf("phone"), 17, "maybe-1");
  Notify(ClientOf("tab"), 17, "maybe-1");
  ExpectOnlyBroken(Clause::kDurable, 17);
}

TEST_F(StoredTest, NeedsNothingThatCameAfterTheLogWasRead) {
  history_.stored.front().read_us = Tick();
  AddPublish("a-4", "alice", 17);
  for (const char* client : {"phone", "tab"}) {
    Notify(ClientOf(client), 17, "a-4");
    Notify(ClientOf(client), 18, "maybe-1");
  }
  ExpectKept();
  history_.stored.front().read_us = Tick();
  ExpectOnlyBroken(Clause::kDurable, 17);
}

// Honest failure.

TEST_F(StoredTest, FlagsARejectedOneThatIsStored) {
  AppendStored(17, "no-1", "alice");
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(StoredTest, FlagsWhatNobodyPublished) {
  AppendStored(17, "ghost", "alice");
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(StoredTest, FlagsARetryThatStoredTwice) {
  AppendStored(17, "a-3", "alice");
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(StoredTest, FlagsAnUnknownThatIsStoredTwice) {
  for (const EntryId id : {17, 18}) {
    AppendStored(id, "maybe-1", "alice");
  }
  for (const char* client : {"phone", "tab"}) {
    Notify(ClientOf(client), 17, "maybe-1");
  }
  ExpectOnlyBroken(Clause::kHonest, 18);
}

TEST_F(StoredTest, FlagsAnOkThatNamedAnotherIdThanItsEntrys) {
  AddPublish("c-1", "carol", 18);
  AppendStored(17, "c-1", "carol");
  ExpectOnlyBroken(Clause::kHonest, 18);
}

TEST_F(StoredTest, FlagsACopyOfABroadcastTooMany) {
  AppendStored(17, "all-1", "").broadcast_id = 14;
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(StoredTest, FlagsABroadcastUnderAnotherBroadcastsId) {
  StoredOf("all-1").broadcast_id = 13;
  ExpectOnlyBroken(Clause::kHonest, 14);
}

TEST_F(StoredTest, AcceptsCopiesWithIdsOfTheirOwn) {
  StoredOf("all-1").broadcast_id = 99;
  PublishOf("all-1").ids = {99};
  for (const char* client : {"phone", "tab", "bobs"}) {
    EventThatTells(client, "all-1").told.front().broadcast_id = 99;
  }
  ExpectKept();
}

// Monotonic.

TEST_F(StoredTest, FlagsIdsThatDoNotIncrease) {
  std::swap(entries()[2], entries()[3]);
  Relink();
  ExpectOnlyBroken(Clause::kMonotonic, 13);
}

TEST_F(StoredTest, FlagsALinkThatLeadsElsewhere) {
  for (const EntryId wrong : {0, 12, 14, 15, 16, 99}) {
    StoredOf("a-3").prev = wrong;
    if (wrong == 14) {
      ExpectKept();
    } else {
      ExpectOnlyBroken(Clause::kMonotonic, 15);
    }
  }
}

TEST_F(StoredTest, FlagsAFirstLinkThatIsNotTheFloor) {
  Store(12);
  ExpectKept();
  entries().front().prev = 11;
  ExpectOnlyBroken(Clause::kMonotonic, 13);
}

TEST_F(StoredTest, FlagsAHoleThatNothingExplains) {
  AppendStored(20, "maybe-1", "alice").prev = 18;
  for (const char* client : {"phone", "tab"}) {
    Notify(ClientOf(client), 20, "maybe-1");
  }
  ExpectOnlyBroken(Clause::kMonotonic, 20);
}

TEST_F(StoredTest, FlagsAnIdThatWasAcknowledgedForAnother) {
  // After a restart b-2 got the id that a-3 had.
  StoredOf("b-2").id = 15;
  PublishOf("b-2").ids = {15};
  Unstore("a-3");
  Forget("bobs", "b-2");
  Notify(ClientOf("bobs"), 15, "b-2");
  ExpectOnlyBroken(Clause::kMonotonic, 15);
}

TEST_F(StoredTest, FlagsAnIdThatWasDeliveredForAnother) {
  AddPublish("maybe-2", "alice", 17);
  PublishOf("maybe-2").outcome = Outcome::kUnknown;
  PublishOf("maybe-2").ids.clear();
  AppendStored(17, "maybe-1", "alice");
  Notify(ClientOf("phone"), 17, "maybe-2");
  Notify(ClientOf("tab"), 17, "maybe-1");
  ExpectOnlyBroken(Clause::kMonotonic, 17);
}

// No silent gaps, resumable.

TEST_F(StoredTest, FlagsAGapOverAnUnknownThatWasStored) {
  AppendStored(17, "maybe-1", "alice");
  Notify(ClientOf("tab"), 17, "maybe-1");
  Bookmark(ClientOf("phone"), 18);
  AddPublish("a-4", "alice", 19);
  AppendStored(19, "a-4", "alice").prev = 17;
  for (const char* client : {"phone", "tab"}) {
    Notify(ClientOf(client), 19, "a-4");
  }
  ExpectOnlyBroken(Clause::kNoSilentGap, 17);
}

TEST_F(StoredTest, FlagsAStoredUnknownThatNeverCame) {
  AppendStored(17, "maybe-1", "alice");
  Notify(ClientOf("tab"), 17, "maybe-1");
  ExpectOnlyBroken(Clause::kResumable, 17);
}

TEST_F(StoredTest, WhatHadExpiredNeedNotBeDelivered) {
  const std::int64_t passed_us = EventThatTells("tab", "all-1").at_us;
  StoredOf("a-2").expires_us = passed_us;
  Forget("tab", "a-2");
  ExpectKept();
  EXPECT_EQ(Judge().of(Clause::kNoSilentGap).excused, 1u);
  StoredOf("a-2").expires_us = passed_us + 1;
  ExpectOnlyBroken(Clause::kNoSilentGap, 13);
}

TEST_F(StoredTest, WhatHasExpiredBeforeTheEndNeedNotCome) {
  Forget("phone", "a-3");
  const std::int64_t end_us = ClientOf("bobs").events.back().at_us;
  StoredOf("a-3").expires_us = end_us;
  ExpectKept();
  StoredOf("a-3").expires_us = end_us + 1;
  ExpectOnlyBroken(Clause::kResumable, 15);
}

TEST_F(StoredTest, AClientThatWasAwayHasTimeUntilItsNextConnection) {
  for (const char* tag : {"a-2", "all-1", "a-3"}) {
    Forget("tab", tag);
  }
  ClientOf("tab").events.resize(4);  // it closed, and has not come back
  ExpectBroken(Clause::kResumable, 13);
  Store(16);
  ExpectKept();
}

// Isolated.

TEST_F(StoredTest, FlagsWhatIsStoredInAnotherFeed) {
  StoredOf("b-2").user_id = "alice";
  ExpectOnlyBroken(Clause::kIsolated, 16);
}

TEST_F(StoredTest, FlagsWhatIsStoredInAnotherPartition) {
  options_.partitions = 2;
  const Partition alices = PartitionOf(kProject, "alice", 2);
  history_.publishes.resize(1);  // a-1
  history_.clients.clear();
  StoredLog log;
  log.partition = 1 - alices;
  log.entries = {{log.partition, 11, 0, kProject, "alice", "a-1", 0, 0}};
  history_.stored = {log};
  ExpectOnlyBroken(Clause::kIsolated, 11);
}

}  // namespace
}  // namespace belfry::test
