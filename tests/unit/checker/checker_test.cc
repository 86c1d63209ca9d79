// SPDX-License-Identifier: Apache-2.0
// The checker must accept a run as it should be, and flag each planted fault by its clause.
#include "tests/unit/checker/checker_fixture.h"

#include <utility>

namespace belfry::test {
namespace {

TEST_F(CheckerTest, AcceptsARunThatKeepsEveryPromise) {
  const Verdict verdict = Judge();
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(verdict.acknowledged, 6u);
  EXPECT_EQ(verdict.rejected, 1u);
  EXPECT_EQ(verdict.unknown, 1u);
  EXPECT_EQ(verdict.told, 11u);
  EXPECT_EQ(verdict.connections, 4u);
  EXPECT_EQ(verdict.uncovered, 0u);
}

TEST_F(CheckerTest, AcceptsAnUnknownPublishSeenOnce) {
  Notify(ClientOf("phone"), 17, "maybe-1");
  Notify(ClientOf("tab"), 17, "maybe-1");
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
}

TEST_F(CheckerTest, AcceptsAnEventOfSeveralNotifications) {
  Forget("phone", "all-1");
  StreamEvent& event = EventThatTells("phone", "a-3");
  event.told.insert(event.told.begin(), ToldOf(14, "all-1"));
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
}

TEST_F(CheckerTest, FlagsAnAcknowledgedNotificationThatNobodyGot) {
  Forget("phone", "a-3");
  Forget("tab", "a-3");
  ExpectBroken(Clause::kDurable, 15);
  EXPECT_FALSE(Judge().Has(Clause::kHonest));
}

TEST_F(CheckerTest, FlagsALastNotificationThatNeverCame) {
  Forget("bobs", "b-2");
  ExpectBroken(Clause::kDurable, 16);
  ExpectBroken(Clause::kResumable, 16);
}

TEST_F(CheckerTest, FlagsARejectedNotificationThatIsSeen) {
  Notify(ClientOf("phone"), 17, "no-1");
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(CheckerTest, FlagsANotificationThatNobodyPublished) {
  Notify(ClientOf("phone"), 17, "ghost");
  ExpectOnlyBroken(Clause::kHonest, 17);
}

TEST_F(CheckerTest, FlagsARetryThatStoredTwice) {
  PublishOf("a-3").ids = {15, 17};
  Notify(ClientOf("phone"), 17, "a-3");
  ExpectBroken(Clause::kHonest, 17);
}

TEST_F(CheckerTest, FlagsAnUnknownThatWasStoredTwice) {
  Notify(ClientOf("phone"), 17, "maybe-1");
  Notify(ClientOf("phone"), 18, "maybe-1");
  ExpectBroken(Clause::kHonest, 18);
}

TEST_F(CheckerTest, FlagsAnAcknowledgementThatNamedAnotherId) {
  PublishOf("a-1").ids = {9};
  ExpectBroken(Clause::kHonest, 9);
}

TEST_F(CheckerTest, FlagsALaterPublishWithASmallerId) {
  Publish late{"a-4", kProject, "alice", Outcome::kAcknowledged, {9}, 0, 0};
  late.asked_us = Tick();
  late.answered_us = Tick();
  history_.publishes.push_back(late);
  ExpectOnlyBroken(Clause::kMonotonic, 9);
}

TEST_F(CheckerTest, AcceptsAnyOrderOfPublishesThatOverlap) {
  PublishOf("b-2").asked_us = PublishOf("a-3").asked_us;
  std::swap(PublishOf("b-2").ids, PublishOf("a-3").ids);
  Forget("bobs", "b-2");
  Notify(ClientOf("bobs"), 15, "b-2");
  for (const char* client : {"phone", "tab"}) {
    Forget(client, "a-3");
  }
  ClientOf("tab").events.pop_back();
  Notify(ClientOf("phone"), 16, "a-3");
  Notify(ClientOf("tab"), 16, "a-3");
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
}

TEST_F(CheckerTest, AcceptsAnyOrderBetweenPartitions) {
  options_.partitions = kPartitionsDefault;
  ASSERT_NE(PartitionOf(kProject, "alice", kPartitionsDefault),
            PartitionOf(kProject, "bob", kPartitionsDefault));
  PublishOf("b-2").ids = {3};
  PublishOf("all-1").asked_us = 0;  // it is in both partitions
  Forget("bobs", "b-2");
  auto& events = ClientOf("bobs").events;
  StreamEvent told;
  told.kind = Kind::kNotification;
  told.cursor = 3;
  told.told = {ToldOf(3, "b-2")};
  events.insert(events.begin() + 2, told);
  PublishOf("b-1").asked_us = 0;
  PublishOf("b-2").asked_us = 0;
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
}

TEST_F(CheckerTest, FlagsAnIdThatIsUsedTwice) {
  PublishOf("b-2").ids = {15};
  Forget("bobs", "b-2");
  Notify(ClientOf("bobs"), 15, "b-2");
  ExpectBroken(Clause::kMonotonic, 15);
}

TEST_F(CheckerTest, FlagsAnIdThatTwoPartitionsUse) {
  options_.partitions = 16;  // alice and bob live in two of them
  PublishOf("b-2").ids = {15};
  Forget("bobs", "b-2");
  Notify(ClientOf("bobs"), 15, "b-2");
  ExpectBroken(Clause::kMonotonic, 15);
}

TEST_F(CheckerTest, FlagsTwoNotificationsInTheWrongOrder) {
  auto& events = ClientOf("phone").events;
  std::swap(events[2], events[3]);
  ExpectBroken(Clause::kOrdered, 11);
}

TEST_F(CheckerTest, FlagsARepeatOnOneConnection) {
  Notify(ClientOf("phone"), 15, "a-3");
  ExpectOnlyBroken(Clause::kOrdered, 15);
}

TEST_F(CheckerTest, FlagsACursorThatGoesBack) {
  Bookmark(ClientOf("tab"), 12);
  ExpectOnlyBroken(Clause::kOrdered, 12);
}

TEST_F(CheckerTest, FlagsANotificationWithoutAnIdLine) {
  EventThatTells("phone", "a-3").cursor = 0;
  ExpectBroken(Clause::kOrdered, 0);
}

TEST_F(CheckerTest, FlagsACursorBehindItsNotification) {
  EventThatTells("phone", "a-3").cursor = 14;
  ExpectBroken(Clause::kOrdered, 15);
}

TEST_F(CheckerTest, FlagsAHoleThatACursorJumpsOver) {
  Forget("tab", "a-2");
  ExpectOnlyBroken(Clause::kNoSilentGap, 13);  // the phone has it
}

TEST_F(CheckerTest, FlagsAHoleThatABookmarkJumpsOver) {
  Forget("tab", "a-3");
  ExpectOnlyBroken(Clause::kNoSilentGap, 15);
}

TEST_F(CheckerTest, FlagsABroadcastThatOneFeedDoesNotDeliver) {
  Forget("bobs", "all-1");
  ExpectOnlyBroken(Clause::kNoSilentGap, 14);
}

TEST_F(CheckerTest, FlagsWhatIsDeliveredAgainAfterAReconnect) {
  auto& events = ClientOf("tab").events;
  StreamEvent again = events[2];
  again.at_us = Tick();
  events.insert(events.begin() + 6, again);
  ExpectOnlyBroken(Clause::kResumable, 11);
}

TEST_F(CheckerTest, FlagsWhatFellBetweenTwoConnections) {
  // The tab comes back without its cursor: what happened meanwhile is lost to it.
  auto& events = ClientOf("tab").events;
  events[4].resumed = false;
  events[4].cursor = 0;
  events[5].cursor = 13;
  Forget("tab", "a-2");
  ExpectOnlyBroken(Clause::kResumable, 13);
}

TEST_F(CheckerTest, AClientThatLeftNeedsOnlyWhatItsCursorPassed) {
  Forget("phone", "a-3");
  ClientOf("phone").left = true;
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
  Forget("phone", "a-2");
  ExpectBroken(Clause::kNoSilentGap, 13);
}

TEST_F(CheckerTest, AClientMayComeBackWithAnyCursorAndReceivesWhatFollows) {
  ClientHistory& tab = ClientOf("tab");
  Close(tab);
  Open(tab, 13, true);
  Connected(tab, 13);
  Notify(tab, 14, "all-1");
  Notify(tab, 15, "a-3");
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
  Forget("tab", "all-1");
  ExpectOnlyBroken(Clause::kNoSilentGap, 14);
}

TEST_F(CheckerTest, AClientMaySkipWhatItDoesNotWant) {
  Forget("tab", "a-2");
  Forget("tab", "all-1");
  ClientOf("tab").events[4].cursor = 14;
  ClientOf("tab").events[5].cursor = 14;
  EXPECT_TRUE(Judge().ok()) << Judge().ToString();
}

TEST_F(CheckerTest, FlagsAnIdBelowACursorThatWasSeen) {
  Bookmark(ClientOf("phone"), 20);
  AddPublish("b-3", "bob", 18);
  Notify(ClientOf("bobs"), 18, "b-3");
  ExpectOnlyBroken(Clause::kMonotonic, 18);
}

TEST_F(CheckerTest, SaysWhatItHasJudgedAndWhatNot) {
  Verdict verdict = Judge();
  EXPECT_EQ(verdict.OutcomeOf(Clause::kDurable), "kept");
  EXPECT_EQ(verdict.OutcomeOf(Clause::kTimely), "not judged");
  EXPECT_EQ(verdict.OutcomeOf(Clause::kExplicitLoss), "not judged");
  EXPECT_THAT(verdict.ToString(), testing::HasSubstr("no reset was sent"));
  EXPECT_EQ(verdict.of(Clause::kDurable).count, 6u);
  EXPECT_EQ(verdict.of(Clause::kNoSilentGap).count, 11u);
  EXPECT_EQ(verdict.of(Clause::kResumable).count, 2u);
  history_ = {};
  verdict = Judge();
  EXPECT_TRUE(verdict.ok());
  for (const Clause clause : kClauses) {
    EXPECT_EQ(verdict.OutcomeOf(clause), "not judged");
  }
}

TEST_F(CheckerTest, FlagsAResumeThatStartsElsewhereWithoutAReset) {
  ClientOf("tab").events[5].cursor = 12;
  ExpectOnlyBroken(Clause::kExplicitLoss, 11);
}

TEST_F(CheckerTest, FlagsAnotherUsersNotification) {
  Notify(ClientOf("phone"), 16, "b-2");
  ExpectOnlyBroken(Clause::kIsolated, 16);
}

TEST_F(CheckerTest, FlagsAnotherProjectsBroadcast) {
  Publish other{"other-1", "rival", "", Outcome::kAcknowledged, {20}, Tick(), Tick()};
  history_.publishes.push_back(other);
  Add(ClientOf("phone"), Kind::kNotification, 20).told = {{20, "rival", "", "other-1", 20}};
  ExpectBroken(Clause::kIsolated, 20);
}

TEST_F(CheckerTest, FlagsAStreamThatIsConnectedAsSomebodyElse) {
  ClientOf("phone").events[1].text = "bob";
  ExpectOnlyBroken(Clause::kIsolated, 0);
}

TEST_F(CheckerTest, CountsWhatNoClientWasThereFor) {
  AddPublish("c-1", "carol", 17);
  const Verdict verdict = Judge();
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(verdict.uncovered, 1u);
}

}  // namespace
}  // namespace belfry::test
