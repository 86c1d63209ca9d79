// SPDX-License-Identifier: Apache-2.0
// What a revocation and a kick write.
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

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
  EXPECT_EQ(entry.kind, EntryKind::kRevoked);
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

// Tokens that were issued while the clock was right are older than the revocation.
TEST(Revocation, LeavesNoTokenGoodWhenTheClockHasBeenSetBack) {
  GuardedRig rig;
  const auto revoke = [&] {
    return rig
        .Append(AudienceItem({.op = AudienceOp::kRevokeTokens, .project = "acme"},
                             {.kind = EntryKind::kUnspecified}))
        ->audience->revoked_us;
  };
  const std::int64_t right_us = rig.clock.UnixMicros();
  rig.Jump(std::chrono::hours(-5));
  rig.guarded.Tick();
  EXPECT_EQ(revoke(), right_us);
  EXPECT_EQ(rig.listener.committed.back()->created_us, right_us);
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
  EXPECT_EQ(acme.listener.committed.back()->kind, EntryKind::kKicked);
  EXPECT_TRUE(RevocationsOf(acme).empty());
}

}  // namespace
}  // namespace belfry::store
