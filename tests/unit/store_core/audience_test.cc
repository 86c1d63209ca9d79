// SPDX-License-Identifier: Apache-2.0
// Users, segments and operations through the sequencer's rounds: what each means exactly, and at
// random against a plain model, with crashes at any point.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/store/core/audience_rows.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

using Users = std::vector<std::string>;

SequencerOptions SmallSteps() {
  return {
      .operation_step = {.recipients_max = 3, .members_max = 5, .entries_max = 2, .rows_max = 3}};
}

// A project's audience, in words.
struct Audience : Rig {
  explicit Audience(SequencerOptions with = SmallSteps()) : Rig(std::move(with), 2) {}

  Result<AudienceUpdated> Update(AudienceUpdate update, AppendItem item = {}) {
    update.project = "acme";
    if (update.op != AudienceOp::kNotifySegment) {
      item.kind = EntryKind::kUnspecified;
    }
    const auto answer = Append(AudienceItem(std::move(update), std::move(item)));
    return answer.ok() ? Result<AudienceUpdated>(*answer->audience)
                       : Result<AudienceUpdated>(Fail(answer.error()));
  }
  Result<AudienceUpdated> Put(const std::string& user, std::vector<Attribute> attributes) {
    return Update({.op = AudienceOp::kUpsertUsers,
                   .users = {{.user_id = user, .attributes = std::move(attributes)}}});
  }
  Result<AudienceUpdated> Create(const std::string& segment) {
    return Update({.op = AudienceOp::kCreateSegment, .segment = segment});
  }
  Result<AudienceUpdated> Delete(const std::string& segment) {
    return Update({.op = AudienceOp::kDeleteSegment, .segment = segment});
  }
  Result<AudienceUpdated> Add(const std::string& segment, Users users) {
    return Update(
        {.op = AudienceOp::kAddMembers, .segment = segment, .user_ids = std::move(users)});
  }
  Result<AudienceUpdated> Remove(const std::string& segment, Users users) {
    return Update(
        {.op = AudienceOp::kRemoveMembers, .segment = segment, .user_ids = std::move(users)});
  }
  Result<AudienceUpdated> Erase(const std::string& user) {
    return Update({.op = AudienceOp::kEraseUser, .user_ids = {user}});
  }
  Result<AudienceUpdated> Notify(const std::string& expression, const std::string& key,
                                 Users excluded = {}, const std::string& text = "hello") {
    AppendItem item = Item("", key, text);
    item.notification_kind = "news";
    return Update({.op = AudienceOp::kNotifySegment,
                   .user_ids = std::move(excluded),
                   .segments = ParseSegmentExpression(expression)},
                  std::move(item));
  }
  void RunOperations() {
    for (auto stepped = sequencer->StepOperation(); stepped.ok() && *stepped;) {
      stepped = sequencer->StepOperation();
    }
  }

  AudiencePage Read(AudienceQuery query) {
    query.project = "acme";
    auto page = log.ReadAudience(query);
    return page.ok() ? std::move(*page) : AudiencePage{};
  }
  Operation OperationOf(std::uint64_t id) {
    return Read({.kind = AudienceQueryKind::kOperation, .operation_id = id}).operation;
  }
  std::uint64_t MembersOf(const std::string& segment) {
    for (const SegmentSize& size :
         Read({.kind = AudienceQueryKind::kSegments, .limit = 1'000}).segments) {
      if (size.segment == segment) {
        return size.members;
      }
    }
    return 0;
  }
  Users Members(const std::string& segment) {
    AudienceQuery query{.kind = AudienceQueryKind::kMembers, .name = segment, .limit = 2};
    Users users;
    do {
      const AudiencePage page = Read(query);
      for (const AudienceUser& user : page.users) {
        users.push_back(user.user_id);
      }
      query.after = page.next_after;
    } while (!query.after.empty());
    return users;
  }
  ListPage List(const std::string& user) {
    auto page = log.List({.project = "acme", .user_id = user, .limit = 100});
    return page.ok() ? std::move(*page) : ListPage{};
  }
  // Who received what of an announced kind, in the order of the announcements.
  Users Notified() const {
    Users users;
    for (const EntryPtr& entry : listener.committed) {
      if (entry->kind == EntryKind::kNotification) {
        users.push_back(entry->user_id);
      }
    }
    return users;
  }
  std::size_t RowsOf(Table table) const {
    const auto& rows = const_cast<FakeEventLog&>(log).tables().rows;
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const auto& row) { return row.first.first == table; }));
  }
};

TEST(Audience, AttributesAreSegmentsOfTheirOwn) {
  Audience acme;
  ASSERT_TRUE(acme.Put("alice", {{"plan", "pro"}, {"role", "admin"}})->changed);
  ASSERT_TRUE(acme.Put("bob", {{"plan", "pro"}})->changed);
  EXPECT_FALSE(acme.Put("bob", {{"plan", "pro"}})->changed);
  EXPECT_EQ(acme.Members("plan:pro"), (Users{"alice", "bob"}));
  EXPECT_EQ(acme.MembersOf("plan:pro"), 2);

  ASSERT_TRUE(acme.Put("alice", {{"plan", "free"}})->changed);
  EXPECT_EQ(acme.Members("plan:pro"), (Users{"bob"}));
  EXPECT_EQ(acme.Members("plan:free"), (Users{"alice"}));
  EXPECT_EQ(acme.Members("role:admin"), (Users{}));
  EXPECT_EQ(acme.Read({.kind = AudienceQueryKind::kSegments}).segments,
            (std::vector<SegmentSize>{{"plan:free", 1}, {"plan:pro", 1}}));
  EXPECT_EQ(acme.Read({.kind = AudienceQueryKind::kUser, .name = "alice"}).users,
            (std::vector<AudienceUser>{{"alice", {{"plan", "free"}}, {}}}));
}

TEST(Audience, WhoIsNamedJoins) {
  Audience acme;
  std::ignore = acme.Append(BroadcastItem("before"));
  ASSERT_TRUE(acme.Put("alice", {}).ok());
  std::ignore = acme.Append(BroadcastItem("after"));
  EXPECT_EQ(acme.List("alice").entries.size(), 1);
}

TEST(Audience, SegmentsHaveMembersAndEachCountsOnce) {
  Audience acme;
  EXPECT_EQ(acme.Add("beta", {"alice"}).error().reason, "SEGMENT_UNKNOWN");
  ASSERT_TRUE(acme.Create("beta")->changed);
  EXPECT_FALSE(acme.Create("beta")->changed);
  EXPECT_EQ(acme.Add("beta", {"bob", "alice", "bob"})->members, 2);
  EXPECT_FALSE(acme.Add("beta", {"alice"})->changed);
  EXPECT_EQ(acme.Remove("beta", {"alice", "carol"})->members, 1);
  EXPECT_EQ(acme.Members("beta"), (Users{"bob"}));
  EXPECT_EQ(acme.Read({.kind = AudienceQueryKind::kUser, .name = "bob"}).users[0].segments,
            (Users{"beta"}));
}

TEST(Audience, ASegmentMadeAnewHasNobodyOfTheOldOne) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b", "c", "d", "e"});
  ASSERT_TRUE(acme.Delete("beta").ok());
  EXPECT_EQ(acme.Delete("beta").error().reason, "SEGMENT_UNKNOWN");
  std::ignore = acme.Create("beta");
  EXPECT_EQ(acme.Members("beta"), (Users{}));
  EXPECT_EQ(acme.Read({.kind = AudienceQueryKind::kUser, .name = "a"}).users[0].segments,
            (Users{}));
  EXPECT_EQ(acme.Add("beta", {"b"})->members, 1);
  acme.RunOperations();
  EXPECT_EQ(acme.RowsOf(Table::kMembers), 1) << "the old ones were swept";
  EXPECT_EQ(acme.Members("beta"), (Users{"b"}));
}

TEST(Audience, AUserBelongsToSoManySegments) {
  Audience acme;
  for (std::size_t i = 0; i < kSegmentsOfUserMax; ++i) {
    std::ignore = acme.Create("s" + std::to_string(i));
    ASSERT_TRUE(acme.Add("s" + std::to_string(i), {"alice"}).ok());
  }
  std::ignore = acme.Create("more");
  EXPECT_EQ(acme.Add("more", {"alice"}).error().reason, "SEGMENTS_OF_USER");
  std::ignore = acme.Delete("s7");
  EXPECT_TRUE(acme.Add("more", {"alice"}).ok()) << "those that were deleted do not count";
}

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

TEST(Erasure, NothingOfTheUserIsLeft) {
  Audience acme;
  std::ignore = acme.Put("alice", {{"plan", "pro"}});
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"alice", "bob"});
  AppendItem item = Item("alice", "key", "a secret");
  item.collapse_key = "thread";
  item.expires_us = acme.clock.UnixMicros() + 1'000'000'000;
  const EntryId id = acme.Append(std::move(item))->id;
  std::ignore = acme.Append(Item("bob", "bobs"));
  StateUpdate read{.project = "acme", .user_id = "alice"};
  read.change.op = StateOp::kRead;
  read.change.ids = {id};
  std::ignore = acme.Append(UpdateItem(std::move(read)));

  const auto begun = acme.Erase("alice");
  ASSERT_TRUE(begun.ok() && begun->changed);
  // For readers it is so at once.
  EXPECT_TRUE(acme.List("alice").entries.empty());
  EXPECT_EQ(acme.List("alice").counts.unread, 0);
  const auto feed = acme.log.ReadFeed({.project = "acme", .user_id = "alice", .after = id - 1});
  EXPECT_EQ(feed->fault, CursorFault::kWindowPassed);
  EXPECT_EQ(acme.Members("plan:pro"), (Users{}));
  EXPECT_EQ(acme.Members("beta"), (Users{"bob"}));
  EXPECT_EQ(acme.listener.committed.back()->kind, EntryKind::kErased);
  EXPECT_EQ(acme.listener.committed.back()->user_id, "alice");

  const std::size_t announced = acme.listener.committed.size();
  acme.RunOperations();
  EXPECT_EQ(acme.listener.committed.size(), announced) << "clearing the disk announces nothing";
  EXPECT_EQ(acme.OperationOf(begun->operation_id).state, OperationState::kDone);
  EXPECT_EQ(acme.OperationOf(begun->operation_id).done, 2);
  EXPECT_EQ(acme.RowsOf(Table::kState), 0);
  EXPECT_EQ(acme.RowsOf(Table::kExpiry), 0);
  EXPECT_EQ(acme.RowsOf(Table::kCollapse), 0);
  EXPECT_EQ(acme.RowsOf(Table::kKeys), 1) << "bob's";
  EXPECT_EQ(acme.RowsOf(Table::kAudience), 1) << "bob's";
  const Partition partition = PartitionOf("acme", "alice", 2);
  EntryId before = 0;
  for (const EntryPtr& entry : acme.log.log(partition)) {
    EXPECT_EQ(entry->prev, before) << "the chain is whole";
    before = entry->id;
    if (entry->user_id == "alice") {
      EXPECT_EQ(entry->kind, EntryKind::kErased);
      EXPECT_TRUE(entry->payload.empty());
    }
  }
}

// Of a user, or without one of everybody.
Result<AudienceUpdated> Revoke(Audience& acme, Users users,
                               AudienceOp op = AudienceOp::kRevokeTokens) {
  return acme.Update({.op = op, .user_ids = std::move(users)});
}

std::vector<Revocation> RevocationsOf(Audience& acme, std::uint32_t limit = 1'000) {
  AudienceQuery query{.kind = AudienceQueryKind::kRevocations, .limit = limit};
  std::vector<Revocation> all;
  do {
    const AudiencePage page = acme.Read(query);
    all.insert(all.end(), page.revocations.begin(), page.revocations.end());
    query.after = page.next_after;
  } while (!query.after.empty());
  return all;
}

TEST(Revocation, IsAnEntryForEdgesAndARowThatAnEdgeFindsWhenItStarts) {
  Audience acme;
  const std::int64_t now_us = acme.clock.UnixMicros();
  const auto revoked = Revoke(acme, {"alice"});
  ASSERT_TRUE(revoked.ok()) << revoked.error().ToString();
  EXPECT_EQ(revoked->revoked_us, now_us);
  ASSERT_EQ(acme.listener.committed.size(), 1u);
  const Entry& entry = *acme.listener.committed.back();
  EXPECT_EQ(entry.kind, kRevokedEntry);
  EXPECT_EQ(entry.user_id, "alice");
  EXPECT_EQ(entry.created_us, now_us);
  EXPECT_EQ(entry.partition, PartitionOf("acme", "alice", 2));
  EXPECT_EQ(RevocationsOf(acme), (std::vector<Revocation>{{"acme", "alice", now_us}}));
  EXPECT_EQ(acme.RowsOf(Table::kUsers), 0) << "nobody has joined by that";
}

TEST(Revocation, OfAProjectReachesEveryPartitionWithOneId) {
  Audience acme;
  ASSERT_TRUE(Revoke(acme, {}).ok());
  ASSERT_EQ(acme.listener.committed.size(), 2u);
  EXPECT_EQ(acme.listener.committed[0]->id, acme.listener.committed[1]->id);
  EXPECT_EQ(acme.listener.committed[0]->partition, 0u);
  EXPECT_EQ(acme.listener.committed[1]->partition, 1u);
  EXPECT_EQ(RevocationsOf(acme).front().user_id, "");
}

TEST(Revocation, ALaterOneHoldsAndAClockThatWentBackMakesNoTokenGoodAgain) {
  Audience acme;
  const std::int64_t first = Revoke(acme, {"alice"})->revoked_us;
  acme.clock.Advance(std::chrono::seconds(10));
  const std::int64_t second = Revoke(acme, {"alice"})->revoked_us;
  EXPECT_EQ(second, first + 10'000'000);
  acme.clock.SetUnixMicros(first - 3'600'000'000);
  EXPECT_EQ(Revoke(acme, {"alice"})->revoked_us, second);
  EXPECT_EQ(RevocationsOf(acme), (std::vector<Revocation>{{"acme", "alice", second}}));
}

TEST(Revocation, IsListedPageByPage) {
  Audience acme;
  for (const char* user : {"alice", "bob", "carol", "dave", "erin"}) {
    ASSERT_TRUE(Revoke(acme, {user}).ok());
  }
  ASSERT_TRUE(Revoke(acme, {}).ok());
  EXPECT_EQ(RevocationsOf(acme, 2).size(), 6u);
  EXPECT_EQ(RevocationsOf(acme, 6).size(), 6u);
}

TEST(Revocation, IsInNoFeedAndNoListAndCountsNothing) {
  Audience acme;
  const EntryId id = acme.Append(Item("alice", "one"))->id;
  ASSERT_TRUE(Revoke(acme, {"alice"}).ok());
  ASSERT_TRUE(Revoke(acme, {"alice"}, AudienceOp::kCloseStreams).ok());
  ASSERT_TRUE(Revoke(acme, {}).ok());
  const ListPage page = acme.List("alice");
  ASSERT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(page.entries[0].id, id);
  EXPECT_EQ(page.counts.unread, 1);
  const auto feed = acme.log.ReadFeed({.project = "acme", .user_id = "alice", .after = id});
  ASSERT_TRUE(feed.ok());
  EXPECT_TRUE(feed->entries.empty());
  EXPECT_EQ(feed->fault, CursorFault::kNone);
  EXPECT_GT(feed->up_to, id) << "cursors pass it";
}

TEST(Revocation, OutlivesAnErasure) {
  Audience acme;
  std::ignore = acme.Append(Item("alice", "one"));
  ASSERT_TRUE(Revoke(acme, {"alice"}).ok());
  ASSERT_TRUE(acme.Erase("alice").ok());
  acme.RunOperations();
  EXPECT_EQ(RevocationsOf(acme).size(), 1u) << "their tokens are not good again";
}

TEST(Revocation, AKickIsAnEntryAndNothingElse) {
  Audience acme;
  ASSERT_TRUE(Revoke(acme, {"alice"}, AudienceOp::kCloseStreams).ok());
  EXPECT_EQ(acme.listener.committed.back()->kind, kKickedEntry);
  EXPECT_TRUE(RevocationsOf(acme).empty());
}

TEST(Erasure, WhoComesBackIsANewUser) {
  Audience acme;
  std::ignore = acme.Append(Item("alice", "one"));
  ASSERT_TRUE(acme.Erase("alice").ok());
  std::ignore = acme.Append(BroadcastItem("meanwhile"));
  acme.RunOperations();
  const EntryId id = acme.Append(Item("alice", "one", "anew"))->id;
  const ListPage page = acme.List("alice");
  ASSERT_EQ(page.entries.size(), 1);
  EXPECT_EQ(page.entries[0].id, id) << "the key is free again once its content is erased";
  EXPECT_EQ(page.counts.unread, 1);
}

TEST(Erasure, OfSomebodyUnknownIsDoneAtOnce) {
  Audience acme;
  const auto begun = acme.Erase("nobody");
  ASSERT_TRUE(begun.ok());
  EXPECT_FALSE(begun->changed);
  EXPECT_EQ(acme.OperationOf(begun->operation_id).state, OperationState::kDone);
  EXPECT_EQ(acme.log.entries(), 0);
}

TEST(Erasure, TheUsersNameGoesWithTheLogsWindow) {
  Audience acme;
  std::ignore = acme.Append(Item("alice", "one"));
  std::ignore = acme.Erase("alice");
  acme.RunOperations();
  const Partition partition = PartitionOf("acme", "alice", 2);
  ASSERT_TRUE(acme.log.record("acme", "alice").has_value());
  ASSERT_TRUE(acme.sequencer->Retire(partition, acme.log.log(partition)).ok());
  EXPECT_EQ(acme.log.record("acme", "alice"), std::nullopt);
}

TEST(Erasure, TakesAUserOutOfWhatIsUnderWay) {
  Audience acme;
  std::ignore = acme.Create("beta");
  std::ignore = acme.Add("beta", {"a", "b", "c", "d", "e"});
  std::ignore = acme.Notify("beta", "k");
  std::ignore = acme.Erase("e");
  acme.RunOperations();
  EXPECT_EQ(acme.Notified(), (Users{"a", "b", "c", "d"}));
}

// Random changes while operations run, crashes among them: each operation reaches exactly those who
// were members when it was accepted.
class Walks {
 public:
  explicit Walks(std::uint32_t seed) : random_(seed) {}

  std::string Run(int steps) {
    for (int i = 0; i < steps && wrong_.empty(); ++i) {
      Step();
    }
    Settle();
    return wrong_.empty() ? "" : wrong_ + "\n" + steps_.str();
  }

 private:
  struct Begun {
    std::set<std::string> recipients;
    std::string kind;
  };

  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }
  std::string AnyUser() { return "u" + std::to_string(Pick(0, 19)); }
  std::string AnySegment() { return std::string("s") + static_cast<char>('0' + Pick(0, 2)); }
  std::string AnyAttribute() { return "a:" + std::to_string(Pick(0, 1)); }
  void Wrong(const std::string& what) { wrong_ = wrong_.empty() ? what : wrong_; }

  void Step() {
    acme_.clock.Advance(std::chrono::milliseconds(Pick(0, 5)));
    if (Chance(8)) {
      acme_.log.next_commit = Chance(50) ? FakeEventLog::NextCommit::kFailsUnwritten
                                         : FakeEventLog::NextCommit::kFailsWritten;
    }
    const bool fails = acme_.log.next_commit != FakeEventLog::NextCommit::kWorks;
    const bool written = acme_.log.next_commit == FakeEventLog::NextCommit::kFailsWritten;
    const int op = Pick(1, 100);
    if (op <= 35) {
      steps_ << "step\n";
      static_cast<void>(acme_.sequencer->StepOperation());
    } else {
      Change(op, fails && !written);
    }
    acme_.log.next_commit = FakeEventLog::NextCommit::kWorks;
    if (fails || Chance(3)) {
      acme_.Restart();
    }
  }

  // `lost`: nothing of it is committed.
  void Change(int op, bool lost) {
    const std::string segment = AnySegment();
    Users users;
    for (int i = Pick(1, 6); i > 0; --i) {
      users.push_back(AnyUser());
    }
    if (op <= 55) {
      steps_ << "add to " << segment << "\n";
      std::ignore = acme_.Add(segment, users);
      if (!lost && segments_.contains(segment)) {
        segments_[segment].insert(users.begin(), users.end());
      }
    } else if (op <= 68) {
      steps_ << "remove from " << segment << "\n";
      std::ignore = acme_.Remove(segment, users);
      for (const std::string& user : users) {
        if (!lost && segments_.contains(segment)) {
          segments_[segment].erase(user);
        }
      }
    } else if (op <= 76) {
      const std::string attribute = AnyAttribute();
      steps_ << "put " << users[0] << " " << attribute << "\n";
      std::ignore = acme_.Put(users[0], {{"a", attribute.substr(2)}});
      if (!lost) {
        attributes_["a:0"].erase(users[0]);
        attributes_["a:1"].erase(users[0]);
        attributes_[attribute].insert(users[0]);
      }
    } else if (op <= 81) {
      steps_ << "create " << segment << "\n";
      std::ignore = acme_.Create(segment);
      if (!lost) {
        segments_.try_emplace(segment);
      }
    } else if (op <= 84) {
      steps_ << "delete " << segment << "\n";
      std::ignore = acme_.Delete(segment);
      if (!lost) {
        segments_.erase(segment);
      }
    } else if (op <= 87) {
      Erase(users[0], lost);
    } else {
      Notify(segment, users, lost);
    }
  }

  void Erase(const std::string& user, bool lost) {
    steps_ << "erase " << user << "\n";
    std::ignore = acme_.Erase(user);
    if (lost) {
      return;
    }
    for (auto& [name, members] : segments_) {
      members.erase(user);
    }
    for (auto& [name, members] : attributes_) {
      members.erase(user);
    }
    erased_.insert(user);
  }

  void Notify(const std::string& segment, const Users& users, bool lost) {
    const bool intersects = Chance(40);
    const std::string attribute = AnyAttribute();
    const std::string key = "k" + std::to_string(++keys_);
    steps_ << "notify " << segment << (intersects ? "," + attribute : "") << "\n";
    AppendItem item = Item("", key);
    item.notification_kind = key;
    std::vector<std::string> segments = {segment};
    if (intersects) {
      segments.insert(segments.begin(), attribute);
    }
    const AudienceUpdate update{
        .op = AudienceOp::kNotifySegment, .user_ids = {users[0]}, .segments = std::move(segments)};
    static_cast<void>(acme_.Update(update, item));
    if (lost || !segments_.contains(segment)) {
      return;
    }
    Begun begun{.recipients = segments_[segment], .kind = key};
    if (intersects) {
      std::erase_if(begun.recipients, [&](const std::string& user) {
        return !attributes_[attribute].contains(user);
      });
    }
    begun.recipients.erase(users[0]);
    begun_.push_back(std::move(begun));
  }

  void Settle() {
    acme_.RunOperations();
    std::map<std::string, std::map<std::string, int>> told;
    for (Partition partition = 0; partition < 2; ++partition) {
      for (const EntryPtr& entry : acme_.log.log(partition)) {
        if (entry->kind == EntryKind::kNotification) {
          ++told[entry->notification_kind][entry->user_id];
        }
      }
    }
    for (const Begun& begun : begun_) {
      for (const auto& [user, times] : told[begun.kind]) {
        if (times != 1 || !begun.recipients.contains(user)) {
          Wrong(begun.kind + ": " + user + " got it " + std::to_string(times) + " times");
        }
      }
      for (const std::string& user : begun.recipients) {
        // Who was erased at any time may have been so before or after their turn.
        if (!told[begun.kind].contains(user) && !erased_.contains(user)) {
          Wrong(begun.kind + ": " + user + " was left out");
        }
      }
    }
    std::size_t members = 0;
    for (const auto* all : {&segments_, &attributes_}) {
      for (const auto& [name, expected] : *all) {
        members += expected.size();
        const Users found = acme_.Members(name);
        if (std::set<std::string>(found.begin(), found.end()) != expected ||
            acme_.MembersOf(name) != expected.size()) {
          Wrong("the members of " + name + ": " + std::to_string(found.size()) + " and not " +
                std::to_string(expected.size()));
        }
      }
    }
    if (acme_.RowsOf(Table::kMembers) != members) {
      Wrong("rows of members that nobody needs: " +
            std::to_string(acme_.RowsOf(Table::kMembers) - members));
    }
  }

  std::mt19937 random_;
  Audience acme_;
  std::map<std::string, std::set<std::string>> segments_;
  std::map<std::string, std::set<std::string>> attributes_;
  std::set<std::string> erased_;
  std::vector<Begun> begun_;
  int keys_ = 0;
  std::ostringstream steps_;
  std::string wrong_;
};

TEST(Operation, ReachesExactlyItsMembersWhateverHappensMeanwhile) {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    ASSERT_EQ(Walks(seed).Run(200), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace belfry::store
