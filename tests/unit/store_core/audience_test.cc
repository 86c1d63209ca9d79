// SPDX-License-Identifier: Apache-2.0
// Users and segments through the sequencer's rounds: what each change means exactly.
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

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

}  // namespace
}  // namespace belfry::store
