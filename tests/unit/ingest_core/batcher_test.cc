// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace belfry::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A Batcher with a clock, its actions performed into plain lists.
class BatcherTest : public ::testing::Test {
 protected:
  ItemPtr Make(const std::string& name, Duration patience = seconds(10), bool key_made = false,
               std::size_t payload_bytes = 10) {
    ItemContent content;
    content.user_id = name;
    content.idempotency_key = "key-" + name;
    content.key_made = key_made;
    content.payload.assign(payload_bytes, 'p');
    return std::make_shared<Item>(std::move(content), clock_.Now(), clock_.Now() + patience,
                                  InFlight::Permit(), [this, name](Result<PublishResult> result) {
                                    EXPECT_FALSE(answers_.contains(name)) << name;
                                    answers_.emplace(name, std::move(result));
                                  });
  }
  void Add(const OrderedGroupPtr& group, std::vector<ItemPtr> items) {
    batcher_.Add(group, std::move(items), clock_.Now(), &actions_);
    Perform();
  }
  void Cancel(std::vector<ItemPtr> items) {
    batcher_.Cancel(items, clock_.Now(), &actions_);
    Perform();
  }
  // Time passes in steps, as the Appender's ticks do.
  void Pass(Duration time) {
    for (Duration passed{}; passed < time; passed += milliseconds(10)) {
      clock_.Advance(milliseconds(10));
      batcher_.Tick(clock_.Now(), &actions_);
      Perform();
    }
  }
  // The oldest Send that has not ended yet ends well.
  void Commit() {
    ASSERT_FALSE(sends_.empty());
    std::vector<Result<PublishResult>> results;
    for (std::size_t i = 0; i < sends_.front().items.size(); ++i) {
      results.push_back(PublishResult{++last_id_, 1, false});
    }
    End(std::move(results));
  }
  void End(AppendAnswer answer) {
    ASSERT_FALSE(sends_.empty());
    const std::uint64_t id = sends_.front().append_id;
    sends_.erase(sends_.begin());
    batcher_.OnAppend(id, std::move(answer), clock_.Now(), &actions_);
    Perform();
  }
  static AppendAnswer Unavailable() { return Fail(Code::kUnavailable, "connection refused"); }
  static std::vector<std::string> Users(const Actions::Send& send) {
    std::vector<std::string> users;
    for (const ItemPtr& item : send.items) {
      users.push_back(item->content.user_id);
    }
    return users;
  }
  Code CodeOf(const std::string& name) {
    const auto found = answers_.find(name);
    if (found == answers_.end()) {
      return Code::kUnimplemented;  // not answered
    }
    return found->second.ok() ? Code::kOk : found->second.error().code;
  }

  ManualClock clock_;
  Batcher batcher_{{.items_max = 4, .bytes_max = 2000, .appends_max = 2}, 1};
  std::vector<Actions::Send> sends_;  // in flight
  std::vector<std::uint64_t> cancels_;
  std::map<std::string, Result<PublishResult>> answers_;
  EntryId last_id_ = 0;

 private:
  void Perform() {
    for (Actions::Send& send : actions_.sends) {
      sends_.push_back(std::move(send));
    }
    for (const std::uint64_t id : actions_.cancels) {
      cancels_.push_back(id);
    }
    for (Actions::Answer& answer : actions_.answers) {
      answer.on_answer(std::move(answer.result));
    }
    actions_ = {};
  }
  Actions actions_;
};

TEST_F(BatcherTest, GivesTheRoomBackBeforeItAnswers) {
  InFlight room({.items_max = 1, .bytes_max = 1'000});
  std::int64_t left = -1;
  const auto item = std::make_shared<Item>(
      ItemContent(), clock_.Now(), clock_.Now() + seconds(10), *room.Acquire(10),
      [&](const Result<PublishResult>&) { left = room.usage().items; });
  Add(Batcher::OpenGroup(), {item});
  EXPECT_EQ(room.usage().items, 1);
  Commit();
  EXPECT_EQ(left, 0) << "the answered caller would be refused";
}

TEST_F(BatcherTest, SendsAtOnceWhenNothingIsInFlight) {
  Add(nullptr, {Make("a")});
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("a"));
  EXPECT_EQ(sends_[0].timeout, seconds(10));
  Commit();
  EXPECT_EQ(CodeOf("a"), Code::kOk);
  EXPECT_TRUE(batcher_.idle());
}

TEST_F(BatcherTest, WhatArrivesMeanwhileGoesTogetherInTheNext) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    Add(group, {Make(name)});
  }
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("a"));
  Commit();
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("b", "c", "d", "e"));  // items_max
  Commit();
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("f"));
}

TEST_F(BatcherTest, AGroupsItemsAreNeverInTwoAppendsAtOnce) {
  const OrderedGroupPtr one = Batcher::OpenGroup();
  const OrderedGroupPtr two = Batcher::OpenGroup();
  Add(one, {Make("1a")});
  Add(one, {Make("1b")});
  Add(two, {Make("2a")});
  ASSERT_EQ(sends_.size(), 2u);
  EXPECT_THAT(Users(sends_[1]), ElementsAre("2a"));
  Add(two, {Make("2b")});
  // Group two's Append ends first: only its own next item goes.
  std::swap(sends_[0], sends_[1]);
  Commit();
  ASSERT_EQ(sends_.size(), 2u);
  EXPECT_THAT(Users(sends_[1]), ElementsAre("2b"));
  EXPECT_EQ(CodeOf("1b"), Code::kUnimplemented);
}

TEST_F(BatcherTest, UnorderedItemsUseEveryAppendThereMayBe) {
  for (const char* name : {"a", "b", "c", "d"}) {
    Add(nullptr, {Make(name)});
  }
  ASSERT_EQ(sends_.size(), 2u);  // appends_max
  Commit();
  ASSERT_EQ(sends_.size(), 2u);
  EXPECT_THAT(Users(sends_[1]), ElementsAre("c", "d"));
}

TEST_F(BatcherTest, GroupsTakeTurns) {
  const OrderedGroupPtr greedy = Batcher::OpenGroup();
  const OrderedGroupPtr blocker = Batcher::OpenGroup();
  const OrderedGroupPtr modest = Batcher::OpenGroup();
  Add(blocker, {Make("x")});
  std::vector<ItemPtr> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(Make("g" + std::to_string(i)));
  }
  Add(greedy, std::move(many));
  Add(modest, {Make("m")});
  ASSERT_EQ(sends_.size(), 2u);  // x, g0-g3
  Commit();                      // x
  ASSERT_EQ(sends_.size(), 2u);
  EXPECT_THAT(Users(sends_[1]), ElementsAre("m"));
}

TEST_F(BatcherTest, AnAppendIsBoundedInBytesAndALargerItemGoesAlone) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("first")});
  Add(group,
      {Make("a", seconds(10), false, 900), Make("b", seconds(10), false, 900),
       Make("c", seconds(10), false, 900), Make("huge", seconds(10), false, 9000), Make("d")});
  Commit();
  EXPECT_THAT(Users(sends_[0]), ElementsAre("a", "b"));
  Commit();
  EXPECT_THAT(Users(sends_[0]), ElementsAre("c"));
  Commit();
  EXPECT_THAT(Users(sends_[0]), ElementsAre("huge"));
  Commit();
  EXPECT_THAT(Users(sends_[0]), ElementsAre("d"));
}

TEST_F(BatcherTest, AnswersItemByItem) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a"), Make("b"), Make("c")});
  std::vector<Result<PublishResult>> results;
  results.push_back(PublishResult{5, 6, true});
  results.push_back(Fail(Code::kFailedPrecondition, "key used with another content"));
  results.push_back(Fail(Code::kResourceExhausted, "disk full"));
  End(std::move(results));
  EXPECT_EQ(answers_.at("a"), (PublishResult{5, 6, true}));
  EXPECT_EQ(CodeOf("b"), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf("c"), Code::kResourceExhausted);
  EXPECT_TRUE(batcher_.idle());
}

TEST_F(BatcherTest, UnavailableIsTriedAgainWithTheSameItemsAndNoFreshKeys) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a", seconds(10), true), Make("b")});
  EXPECT_TRUE(sends_[0].fresh);
  End(Unavailable());
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_THAT(sends_, IsEmpty());
  Add(group, {Make("c")});
  EXPECT_THAT(sends_, IsEmpty());  // c comes after a and b
  Pass(milliseconds(50));
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("a", "b"));
  EXPECT_FALSE(sends_[0].fresh);
  EXPECT_EQ(batcher_.retries(), 1u);
  Commit();
  EXPECT_EQ(CodeOf("a"), Code::kOk);
  EXPECT_EQ(CodeOf("b"), Code::kOk);
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("c"));
  EXPECT_TRUE(sends_[0].fresh);
}

TEST_F(BatcherTest, AKeyMadeHereIsNeverAnsweredAsADuplicate) {
  Add(nullptr, {Make("made", seconds(10), true)});
  End(Unavailable());
  Pass(milliseconds(50));
  // The first attempt had stored it; its answer was lost.
  End(std::vector<Result<PublishResult>>{PublishResult{5, 6, true}});
  EXPECT_EQ(answers_.at("made"), (PublishResult{5, 6, false}));
}

TEST_F(BatcherTest, NothingButUnavailableIsTriedAgain) {
  for (const Code code : {Code::kInternal, Code::kDeadlineExceeded, Code::kUnknown,
                          Code::kResourceExhausted, Code::kAborted, Code::kCancelled}) {
    const std::string name(CodeName(code));
    Add(nullptr, {Make(name)});
    End(Fail(code, "no"));
    EXPECT_NE(CodeOf(name), Code::kUnimplemented);
    Pass(seconds(1));
    EXPECT_THAT(sends_, IsEmpty());
  }
}

TEST_F(BatcherTest, ACallsOwnFailureNeverClaimsThatNothingWasStored) {
  // "INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, FAILED_PRECONDITION and
  // RESOURCE_EXHAUSTED mean: not stored" (notify_service.proto).
  for (const Code code : {Code::kInvalidArgument, Code::kUnauthenticated, Code::kPermissionDenied,
                          Code::kFailedPrecondition, Code::kResourceExhausted}) {
    const std::string name(CodeName(code));
    Add(nullptr, {Make(name)});
    End(Fail(code, "no"));
    EXPECT_EQ(CodeOf(name), Code::kUnknown) << name;
  }
}

TEST_F(BatcherTest, AfterALostAttemptOnlyTheKeyCanSayNotStored) {
  Add(nullptr, {Make("full")});
  End(Unavailable());
  Pass(milliseconds(50));
  End(std::vector<Result<PublishResult>>{Fail(Code::kResourceExhausted, "queue full")});
  EXPECT_EQ(CodeOf("full"), Code::kUnavailable);

  Add(nullptr, {Make("misused")});
  End(Unavailable());
  Pass(milliseconds(50));
  End(std::vector<Result<PublishResult>>{Fail(Code::kFailedPrecondition, "another content")});
  EXPECT_EQ(CodeOf("misused"), Code::kFailedPrecondition);
}

TEST_F(BatcherTest, AnItemThatIsUnavailableIsTriedAgainAlone) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a"), Make("b")});
  std::vector<Result<PublishResult>> results;
  results.push_back(PublishResult{1, 1, false});
  results.push_back(Fail(Code::kUnavailable, "stopping"));
  End(std::move(results));
  EXPECT_EQ(CodeOf("a"), Code::kOk);
  Pass(milliseconds(50));
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("b"));
  EXPECT_FALSE(sends_[0].fresh);
}

TEST_F(BatcherTest, AShortAnswerIsUnknownForAll) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a"), Make("b")});
  End(std::vector<Result<PublishResult>>{PublishResult{1, 1, false}});
  EXPECT_EQ(CodeOf("a"), Code::kUnknown);
  EXPECT_EQ(CodeOf("b"), Code::kUnknown);
}

TEST_F(BatcherTest, RetriesEndWithTheCallersDeadline) {
  Add(nullptr, {Make("a", seconds(2))});
  int attempts = 0;
  for (int i = 0; i < 400 && !answers_.contains("a"); ++i) {
    if (!sends_.empty()) {
      EXPECT_LE(sends_[0].timeout, seconds(2));
      End(Unavailable());
      ++attempts;
    } else {
      Pass(milliseconds(10));
    }
  }
  EXPECT_EQ(CodeOf("a"), Code::kUnavailable);
  EXPECT_GE(attempts, 4);
  EXPECT_LE(attempts, 100);
  EXPECT_TRUE(batcher_.idle());
}

TEST_F(BatcherTest, ARetryThatCannotBeInTimeIsNotWaitedFor) {
  Add(nullptr, {Make("a", milliseconds(1))});
  End(Unavailable());
  EXPECT_EQ(CodeOf("a"), Code::kUnavailable);
  EXPECT_TRUE(batcher_.idle());
}

TEST_F(BatcherTest, TheLatestDeadlineBoundsTheCallAndEachItsOwnCaller) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("short", seconds(1)), Make("long", seconds(5))});
  EXPECT_EQ(sends_[0].timeout, seconds(5));
  Pass(seconds(1));
  EXPECT_EQ(CodeOf("short"), Code::kDeadlineExceeded);
  EXPECT_EQ(CodeOf("long"), Code::kUnimplemented);
  EXPECT_THAT(cancels_, IsEmpty());
  Commit();
  EXPECT_EQ(CodeOf("long"), Code::kOk);
}

TEST_F(BatcherTest, WhatWaitedTooLongIsNeverSent) {
  Add(nullptr, {Make("a")});
  Add(nullptr, {Make("b")});
  Add(nullptr, {Make("late", seconds(1)), Make("patient")});
  Pass(seconds(1));
  EXPECT_EQ(CodeOf("late"), Code::kUnavailable);
  Commit();
  ASSERT_EQ(sends_.size(), 2u);
  EXPECT_THAT(Users(sends_[1]), ElementsAre("patient"));
}

TEST_F(BatcherTest, WhatWaitsBehindItsOwnGroupExpiresToo) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a")});
  Add(group, {Make("late", seconds(1))});
  Pass(seconds(1));
  EXPECT_EQ(CodeOf("late"), Code::kUnavailable);
}

TEST_F(BatcherTest, ACancelledItemThatWaitsIsNeverSent) {
  const ItemPtr gone = Make("gone");
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {Make("a")});
  Add(group, {gone, Make("b")});
  Cancel({gone});
  EXPECT_EQ(CodeOf("gone"), Code::kCancelled);
  EXPECT_THAT(cancels_, IsEmpty());
  Commit();
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("b"));
}

TEST_F(BatcherTest, CancelledItemsGiveTheirMemoryBackWhileTheStoreHangs) {
  Add(nullptr, {Make("a")});
  Add(nullptr, {Make("b")});
  std::weak_ptr<Item> memory;
  {
    const ItemPtr gone = Make("gone");
    memory = gone;
    Add(nullptr, {gone});
    Cancel({gone});
  }
  Pass(milliseconds(10));
  EXPECT_TRUE(memory.expired());
  EXPECT_EQ(batcher_.waiting(), 0u);
}

TEST_F(BatcherTest, AnAppendIsCancelledWhenNobodyWaitsForItAnyMore) {
  const ItemPtr one = Make("one");
  const ItemPtr two = Make("two");
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {one, two});
  Cancel({one});
  EXPECT_THAT(cancels_, IsEmpty());
  Cancel({two});
  EXPECT_THAT(cancels_, ElementsAre(sends_[0].append_id));
  Cancel({two});
  EXPECT_EQ(cancels_.size(), 1u);
  End(Fail(Code::kCancelled, "cancelled"));
  EXPECT_TRUE(batcher_.idle());
}

TEST_F(BatcherTest, ACancelledItemIsNotSentAgain) {
  const ItemPtr gone = Make("gone");
  const OrderedGroupPtr group = Batcher::OpenGroup();
  Add(group, {gone, Make("stays")});
  End(Unavailable());
  Cancel({gone});
  Pass(milliseconds(50));
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("stays"));

  const ItemPtr alone = Make("alone");
  Add(nullptr, {alone});
  std::swap(sends_[0], sends_[1]);
  End(Unavailable());
  Cancel({alone});
  Pass(seconds(2));
  EXPECT_EQ(sends_.size(), 1u);
}

TEST_F(BatcherTest, AStoreThatIsAwayHoldsUpButLosesNobody) {
  const OrderedGroupPtr group = Batcher::OpenGroup();
  std::vector<ItemPtr> items;
  for (int i = 0; i < 10; ++i) {
    items.push_back(Make("u" + std::to_string(i), seconds(60)));
  }
  Add(group, std::move(items));
  for (int i = 0; i < 20; ++i) {
    while (sends_.empty()) {
      Pass(milliseconds(10));
    }
    EXPECT_EQ(Users(sends_[0]).front(), "u0");
    End(Unavailable());
  }
  std::vector<std::string> order;
  while (!batcher_.idle()) {
    if (sends_.empty()) {
      Pass(milliseconds(10));
      continue;
    }
    for (const std::string& user : Users(sends_[0])) {
      order.push_back(user);
    }
    Commit();
  }
  EXPECT_THAT(order, ElementsAre("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"));
}

// The store hangs with both Appends, and 10,000 wait: in one group, in groups of their own, behind
// an Append of their own.
TEST_F(BatcherTest, ATicksWorkDoesNotGrowWithTheBacklog) {
  const OrderedGroupPtr held = Batcher::OpenGroup();
  Add(held, {Make("in flight")});
  Add(nullptr, {Make("in flight too")});
  const OrderedGroupPtr group = Batcher::OpenGroup();
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "u" + std::to_string(i);
    const OrderedGroupPtr groups[] = {held, group, Batcher::OpenGroup(), nullptr};
    Add(groups[i % 4], {Make(name, seconds(60))});
  }
  Add(group, {Make("late", seconds(5))});
  Pass(seconds(4));
  EXPECT_EQ(batcher_.examined(), 0u);
  EXPECT_EQ(batcher_.waiting(), 10'001u);
  Pass(seconds(1));
  EXPECT_EQ(batcher_.examined(), 1u);
  EXPECT_EQ(CodeOf("late"), Code::kUnavailable);
  Pass(seconds(10));
  EXPECT_EQ(batcher_.examined(), 3u);  // those in flight
}

TEST_F(BatcherTest, WhatIsAnsweredLeavesNoDeadlineBehind) {
  Add(Batcher::OpenGroup(), {Make("a")});
  const ItemPtr in_flight = Make("b");
  Add(Batcher::OpenGroup(), {in_flight});
  const OrderedGroupPtr group = Batcher::OpenGroup();
  std::vector<std::weak_ptr<Item>> memory;
  for (int i = 0; i < 1'000; ++i) {
    const ItemPtr item = Make("u" + std::to_string(i), seconds(3'600));
    memory.push_back(item);
    Add(i % 2 == 0 ? group : nullptr, {item, Make("v" + std::to_string(i), seconds(3'600))});
    Cancel({item});
  }
  EXPECT_EQ(batcher_.unanswered(), 1'002u);
  for (const auto& item : memory) {
    EXPECT_TRUE(item.expired());
  }
  Cancel({in_flight});
  EXPECT_EQ(batcher_.unanswered(), 1'001u);
  while (!batcher_.idle()) {
    ASSERT_FALSE(sends_.empty());
    Commit();
  }
  EXPECT_EQ(batcher_.unanswered(), 0u);
}

TEST_F(BatcherTest, WhatIsCancelledBeforeItComesIsNeverSent) {
  const ItemPtr gone = Make("gone");
  Cancel({gone});
  EXPECT_EQ(CodeOf("gone"), Code::kCancelled);
  Add(Batcher::OpenGroup(), {gone, Make("b")});
  ASSERT_EQ(sends_.size(), 1u);
  EXPECT_THAT(Users(sends_[0]), ElementsAre("b"));
}

TEST_F(BatcherTest, WhatExpiresWhileItWaitsGivesItsRoomBackAtOnce) {
  InFlight room({.items_max = 1, .bytes_max = 1'000});
  Add(nullptr, {Make("a")});
  Add(nullptr, {Make("b")});
  const auto kept_by_its_caller =
      std::make_shared<Item>(ItemContent(), clock_.Now(), clock_.Now() + seconds(1),
                             *room.Acquire(10), [](const Result<PublishResult>&) {});
  Add(nullptr, {kept_by_its_caller});
  Pass(seconds(1));
  EXPECT_EQ(room.usage().items, 0);
}

}  // namespace
}  // namespace belfry::ingest
