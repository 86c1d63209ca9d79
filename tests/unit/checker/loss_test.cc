// SPDX-License-Identifier: Apache-2.0
// What is gone, and what was said about it.
#include "tests/unit/checker/checker_fixture.h"

namespace belfry::test {
namespace {

// Where nobody looked into the store.
using ResetTest = CheckerTest;

TEST_F(ResetTest, FlagsAResetWithoutALoss) {
  Reset(ClientOf("phone"), "window_passed", 17, 18);
  ExpectOnlyBroken(Clause::kExplicitLoss, 18);
}

TEST_F(ResetTest, AcceptsATruthfulResetAndExcusesWhatItSkips) {
  options_.resets_allowed = true;
  auto& events = ClientOf("tab").events;
  Forget("tab", "a-2");
  Forget("tab", "all-1");
  StreamEvent reset;
  reset.kind = Kind::kReset;
  reset.at_us = events[5].at_us;
  reset.text = "window_passed";
  reset.oldest = 14;
  reset.cursor = 14;
  events.insert(events.begin() + 6, reset);
  const Verdict verdict = Judge();
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(verdict.resets, 1u);
}

TEST_F(ResetTest, FlagsAWindowThatHadNotPassed) {
  options_.resets_allowed = true;
  Reset(ClientOf("phone"), "window_passed", 9, 16);
  ExpectOnlyBroken(Clause::kExplicitLoss, 9);
}

TEST_F(ResetTest, FlagsACursorCalledAheadThatIsNot) {
  options_.resets_allowed = true;
  ClientHistory& late = AddClient("late", "alice");
  Open(late, 13, true);
  Reset(late, "cursor_ahead", 0, 15);
  ExpectOnlyBroken(Clause::kExplicitLoss, 13);
}

TEST_F(ResetTest, FlagsAResetWithAnUnknownReason) {
  options_.resets_allowed = true;
  Reset(ClientOf("phone"), "felt_like_it", 0, 16);
  ExpectOnlyBroken(Clause::kExplicitLoss, 0);
}

// Of the fixture's log the entries 15 and 16 are lost, (14, 20], and 21 is a-5. The tab saw all
// that was lost; the phone was away meanwhile; bob's saw it before.
class LossTest : public CheckerTest {
 protected:
  LossTest() {
    options_.resets_allowed = true;
    Store();
    entries().resize(4);
    history_.stored.front().lost = {{14, 20}};
    Forget("phone", "a-3");
    ClientHistory& phone = ClientOf("phone");
    Close(phone);
    AddPublish("a-5", "alice", 21);
    AppendStored(21, "a-5", "alice").prev = 20;
    Resume(phone, 14);
    Resume(ClientOf("tab"), 16);
    Bookmark(ClientOf("bobs"), 16);
    Reset(ClientOf("bobs"), "history_lost", 0, 21);
  }
  void Resume(ClientHistory& client, EntryId cursor) {
    Open(client, cursor, true);
    Connected(client, cursor);
    Reset(client, "history_lost", 0, 21);
  }
  // The phone had not had the broadcast, 14, when the loss began: its reset passes both.
  void ForgetWhatLiesBeforeTheLoss() {
    Forget("phone", "all-1");
    for (StreamEvent& event : ClientOf("phone").events) {
      if (event.cursor == 14) {
        event.cursor = 13;
      }
    }
  }
  StreamEvent& ResetOf(const std::string& client) {
    for (StreamEvent& event : ClientOf(client).events) {
      if (event.kind == Kind::kReset) {
        return event;
      }
    }
    ADD_FAILURE() << client << " got no reset";
    return ClientOf(client).events.front();
  }
  void Drop(const std::string& client, Kind kind) {
    std::erase_if(ClientOf(client).events,
                  [kind](const StreamEvent& event) { return event.kind == kind; });
  }
};

TEST_F(LossTest, AcceptsALossThatEveryClientGotAResetFor) {
  ExpectKept();
  EXPECT_EQ(Judge().resets, 3u);
  EXPECT_EQ(Judge().of(Clause::kExplicitLoss).count, 3u);
}

TEST_F(LossTest, FlagsALossThatOneClientGotNoResetFor) {
  Drop("phone", Kind::kReset);
  Notify(ClientOf("phone"), 21, "a-5");
  ExpectOnlyBroken(Clause::kExplicitLoss, 20);
}

TEST_F(LossTest, FlagsALossThatABookmarkStepsOver) {
  Drop("bobs", Kind::kReset);
  Bookmark(ClientOf("bobs"), 21);
  ExpectOnlyBroken(Clause::kExplicitLoss, 20);
}

TEST_F(LossTest, FlagsAResetThatHidesWhatLiesBeforeTheLoss) {
  ForgetWhatLiesBeforeTheLoss();
  ExpectOnlyBroken(Clause::kExplicitLoss, 14);
}

TEST_F(LossTest, AcceptsAResetOverWhatWasDeletedBeforeTheLoss) {
  ForgetWhatLiesBeforeTheLoss();
  ExpectBroken(Clause::kExplicitLoss, 14);
  Stored deletion{0, 22, 21, kProject, "alice", "", 0, 0};
  deletion.change.op = StateOp::kDelete;
  deletion.change.ids = {14};
  history_.stored.front().retired.push_back(deletion);
  ExpectKept();
}

TEST_F(LossTest, FlagsAResetThatEndsInsideTheLoss) {
  ResetOf("bobs").cursor = 19;
  ExpectOnlyBroken(Clause::kExplicitLoss, 19);
}

// Alice deleted 11, the loss took that with it, and 11 is there again. The tab, which came back
// before the loss, was not sent it.
TEST_F(LossTest, AcceptsThatWhatWasDeletedUntilTheLossWasPassed) {
  for (const char* client : {"phone", "tab"}) {
    Forget(client, "a-1");
  }
  ExpectBroken(Clause::kNoSilentGap, 11);
  Stored deletion{0, 16, 15, kProject, "alice", "", 0, 0};
  deletion.change.op = StateOp::kDelete;
  deletion.change.ids = {11};
  history_.stored.front().retired.push_back(deletion);
  ExpectKept();
}

// Alice had muted the broadcast's kind in what was lost: that holds for what was lost with it.
TEST_F(LossTest, WhatIsLostMutedOnlyWhatIsLost) {
  AddPublish("all-2", "", 22);
  AppendStored(22, "all-2", "").kind = "news";
  Stored muting{0, 16, 15, kProject, "alice", "", 0, 0};
  muting.change.op = StateOp::kPreferences;
  muting.change.muted_kinds = {"news"};
  history_.stored.front().retired.push_back(muting);
  for (const char* client : {"tab", "bobs"}) {
    Notify(ClientOf(client), 22, "all-2");
  }
  Bookmark(ClientOf("phone"), 22);
  ExpectOnlyBroken(Clause::kNoSilentGap, 22);
}

TEST_F(LossTest, FlagsAnIdThatIsGivenAgain) {
  AddPublish("b-5", "bob", 18);
  entries().insert(entries().end() - 1, {0, 18, 14, kProject, "bob", "b-5", 0, 0});
  ExpectBroken(Clause::kMonotonic, 18);
}

TEST_F(LossTest, FlagsALinkOverMoreThanWasLost) {
  StoredOf("a-5").prev = 19;
  ExpectOnlyBroken(Clause::kMonotonic, 21);
}

TEST_F(LossTest, ARetryAfterTheLossIsStoredAgain) {
  AddPublish("a-6", "alice", 22);
  PublishOf("a-6").ids = {15, 22};
  PublishOf("a-6").asked_us = 0;
  AppendStored(22, "a-6", "alice");
  std::erase_if(history_.publishes, [](const Publish& one) { return one.tag == "a-3"; });
  EventThatTells("tab", "a-3").told.front().tag = "a-6";
  for (const char* client : {"phone", "tab"}) {
    Notify(ClientOf(client), 22, "a-6");
  }
  ExpectKept();
}

// Its key was taken by another publish after the loss, so that its retry is refused.
TEST_F(LossTest, AcceptsARejectionOfWhatWasDeliveredAndThenLost) {
  PublishOf("a-3").outcome = Publish::Outcome::kRejected;
  PublishOf("a-3").ids.clear();
  ExpectKept();
}

TEST_F(LossTest, FlagsARejectionOfWhatWasDeliveredAndNotLost) {
  PublishOf("a-2").outcome = Publish::Outcome::kRejected;
  PublishOf("a-2").ids.clear();
  Unstore("a-2");
  ExpectBroken(Clause::kHonest, 13);
}

TEST_F(LossTest, FlagsAHistoryLostWhereNothingWasLost) {
  history_.stored.front().lost.clear();
  StoredOf("a-5").prev = 14;
  for (const char* client : {"phone", "tab", "bobs"}) {
    ResetOf(client).text = "history_lost";
  }
  ExpectBroken(Clause::kExplicitLoss, 21);
}

// A window that has passed: the floor is 13, the phone slept from 11 on.
class WindowTest : public CheckerTest {
 protected:
  WindowTest() {
    options_.resets_allowed = true;
    ClientOf("phone").events.resize(3);
    Store(13);
    ClientHistory& phone = ClientOf("phone");
    Close(phone);
    Open(phone, 11, true);
    Connected(phone, 11);
    Reset(phone, "window_passed", 13, 16);
  }
  StreamEvent& TheReset() { return ClientOf("phone").events.back(); }
};

TEST_F(WindowTest, AcceptsAResetOverWhatIsGone) {
  ExpectKept();
  EXPECT_EQ(Judge().OutcomeOf(Clause::kExplicitLoss), "kept");
}

TEST_F(WindowTest, AcceptsAnOlderFloor) {
  TheReset().oldest = 12;
  ExpectKept();
}

TEST_F(WindowTest, FlagsAResetThatWasNotNeeded) {
  Store(11);
  TheReset().oldest = 12;
  ExpectOnlyBroken(Clause::kExplicitLoss, 12);
}

TEST_F(WindowTest, FlagsAResetThatGoesOnBelowTheFloor) {
  TheReset().cursor = 12;
  Notify(ClientOf("phone"), 14, "all-1");
  Notify(ClientOf("phone"), 15, "a-3");
  ExpectBroken(Clause::kExplicitLoss, 12);
}

TEST_F(WindowTest, FlagsACursorCalledAheadOfALogThatHasIt) {
  TheReset().text = "cursor_ahead";
  ClientOf("phone").events[4].cursor = ClientOf("phone").events[5].cursor = 16;
  AddPublish("c-1", "carol", 17);
  PublishOf("c-1").asked_us = 0;
  AppendStored(17, "c-1", "carol");
  TheReset().cursor = 17;
  ExpectOnlyBroken(Clause::kExplicitLoss, 17);
}

TEST_F(WindowTest, FlagsAResetOfAStreamThatHadNoCursor) {
  ClientHistory& fresh = AddClient("fresh", "carol");
  Open(fresh, 0, false);
  Reset(fresh, "cursor_ahead", 0, 16);
  ExpectOnlyBroken(Clause::kExplicitLoss, 16);
}

}  // namespace
}  // namespace belfry::test
