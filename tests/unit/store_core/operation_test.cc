// SPDX-License-Identifier: Apache-2.0
// Notifications to segments: who gets one, and who does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

TEST(Operation, NotifiesEachMemberOnceAndNobodyElse) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b", "c", "d", "e", "f", "g", "h"});
  const auto begun = acme.Notify("beta", "k", {"c", "z"});
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->recipients, 7);
  EXPECT_EQ(acme.OperationOf(begun->operation_id).state, OperationState::kRunning);
  ASSERT_TRUE(*acme.sequencer->StepOperation());
  EXPECT_EQ(acme.OperationOf(begun->operation_id).done, 3);
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "b", "d", "e", "f", "g", "h"}));
  const Operation ended = acme.OperationOf(begun->operation_id);
  EXPECT_EQ(ended.state, OperationState::kDone);
  EXPECT_EQ(ended.done, 7);
  EXPECT_EQ(ended.total, 7);
  EXPECT_EQ(acme.List("a").counts.unread, 1);
  EXPECT_EQ(acme.RowsOf(Table::kOperations), 1) << "what it said has gone";
}

TEST(Operation, WhoWasAMemberThenGetsItWhateverHappensSince) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b", "c", "d", "e", "f"});
  ASSERT_TRUE(acme.Notify("beta", "k").ok());
  ASSERT_TRUE(*acme.sequencer->StepOperation());
  std::ignore = acme.Remove("beta", {"e", "a"});
  std::ignore = acme.Add("beta", {"x", "aa"});
  acme.Restart();
  std::ignore = acme.Delete("beta");
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(acme.RowsOf(Table::kMembers), 0);
}

TEST(Operation, AnIntersectionIsWhoIsInAllOfThem) {
  Audience acme;
  std::ignore = acme.Put("a", {{"plan", "pro"}, {"role", "admin"}});
  std::ignore = acme.Put("b", {{"plan", "pro"}});
  std::ignore = acme.Put("c", {{"plan", "pro"}, {"role", "admin"}});
  std::ignore = acme.Put("d", {{"plan", "free"}, {"role", "admin"}});
  const auto begun = acme.Notify("plan:pro,role:admin", "k");
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->recipients, 3) << "at most so many";
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "c"}));
  EXPECT_EQ(acme.OperationOf(begun->operation_id).total, 2);
}

TEST(Operation, OnNobodyIsDoneAtOnceAndOnNoSegmentIsRefused) {
  Audience acme;
  const auto begun = acme.Notify("plan:pro", "k");
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(acme.OperationOf(begun->operation_id).state, OperationState::kDone);
  EXPECT_EQ(acme.Notify("beta", "l").error().reason, "SEGMENT_UNKNOWN");
}

TEST(Operation, ARepeatGetsTheSameOneAndAnotherContentIsRefused) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a"});
  const auto begun = acme.Notify("beta", "k");
  const auto again = acme.Notify("beta", "k");
  ASSERT_TRUE(begun.ok() && again.ok());
  EXPECT_EQ(again->operation_id, begun->operation_id);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->recipients, 1);
  EXPECT_EQ(acme.Notify("beta", "k", {}, "other").error().reason, "IDEMPOTENCY_KEY_REUSED");
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a"}));
}

TEST(Operation, WhoMutedItsKindIsPassedOver) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b"});
  StateUpdate mute{.project = "acme", .user_id = "a"};
  mute.change.op = StateOp::kPreferences;
  mute.change.muted_kinds = {"news"};
  std::ignore = acme.Append(UpdateItem(std::move(mute)));
  const auto begun = acme.Notify("beta", "k");
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"b"}));
  EXPECT_EQ(acme.OperationOf(begun->operation_id).suppressed, 1);
  EXPECT_EQ(acme.OperationOf(begun->operation_id).done, 2);
}

TEST(Operation, WaitsForRoomOnTheDisk) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a"});
  std::ignore = acme.Notify("beta", "k");
  acme.disk.Update(0);
  EXPECT_FALSE(*acme.sequencer->StepOperation());
  acme.disk.Update(1'000'000);
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a"}));
}

TEST(Operation, EndsWhenItsNotificationHasExpired) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b", "c", "d"});
  AppendItem item = Item("", "k");
  item.expires_us = acme.clock.UnixMicros() + 1'000'000;
  const auto begun =
      acme.Update({.op = AudienceOp::kNotifySegment, .segments = {"beta"}}, std::move(item));
  ASSERT_TRUE(*acme.sequencer->StepOperation());
  acme.clock.Advance(std::chrono::seconds(2));
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "b", "c"}));
  EXPECT_EQ(acme.OperationOf(begun->operation_id).state, OperationState::kFailed);
  EXPECT_EQ(acme.OperationOf(begun->operation_id).errors.size(), 1);
}

TEST(Operation, IsForgottenADayAfterItsEnd) {
  Audience acme;
  const auto begun = acme.Notify("plan:pro", "k");
  acme.clock.Advance(std::chrono::hours(23));
  acme.RunOperations();
  EXPECT_EQ(acme.OperationOf(begun->operation_id).id, begun->operation_id);
  acme.clock.Advance(std::chrono::hours(2));
  acme.RunOperations();
  EXPECT_EQ(acme.OperationOf(begun->operation_id).id, 0);
  const auto next = acme.Notify("plan:pro", "l");
  acme.Restart();
  EXPECT_GT(acme.Notify("plan:pro", "m")->operation_id, next->operation_id);
}

TEST(Operation, AReadThatFailsIsTriedAgain) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b"});
  const auto begun = acme.Notify("beta", "k");
  acme.log.reads_fail = true;
  EXPECT_FALSE(acme.sequencer->StepOperation().ok());
  acme.log.reads_fail = false;
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "b"}));
  EXPECT_EQ(acme.OperationOf(begun->operation_id).done, 2);
}

}  // namespace
}  // namespace belfry::store
