// SPDX-License-Identifier: Apache-2.0
// What an erasure leaves of a user.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

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

}  // namespace
}  // namespace belfry::store
