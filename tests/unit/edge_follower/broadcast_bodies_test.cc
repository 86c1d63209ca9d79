// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/broadcast_bodies.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace belfry::edge {
namespace {

EntryPtr Broadcast(EntryId id, Partition partition, Payload body = {}) {
  Entry entry;
  entry.id = id;
  entry.kind = EntryKind::kBroadcast;
  entry.partition = partition;
  entry.broadcast_id = id;
  entry.payload = std::move(body);
  return std::make_shared<const Entry>(std::move(entry));
}

TEST(BroadcastBodies, GivesAllReferencesOneCopyOfTheBody) {
  BroadcastBodies bodies(10'000);
  bodies.Put(7, "body");
  std::vector<EntryPtr> entries = {Broadcast(7, 0), Broadcast(7, 1)};
  EXPECT_EQ(bodies.Resolve(entries), 0u);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]->payload, Payload("body"));
  EXPECT_TRUE(entries[0]->payload.SharesWith(entries[1]->payload));
  EXPECT_EQ(entries[1]->partition, 1u);
}

TEST(BroadcastBodies, TakesOutAReferenceWithoutABodyAndNothingElse) {
  const BroadcastBodies bodies(10'000);
  auto notification = std::make_shared<Entry>(Entry{.id = 8, .kind = EntryKind::kNotification});
  std::vector<EntryPtr> entries = {Broadcast(7, 0), notification, Broadcast(9, 0, "whole")};
  EXPECT_EQ(bodies.Resolve(entries), 1u);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]->id, 8u);
  EXPECT_EQ(entries[1]->payload, Payload("whole"));
}

TEST(BroadcastBodies, ForgetsTheOldestBeyondItsBound) {
  BroadcastBodies bodies(3'000);
  for (EntryId id = 1; id <= 10; ++id) {
    bodies.Put(id, std::string(1'000, 'x'));
    EXPECT_LE(bodies.bytes(), 3'000u);
  }
  std::vector<EntryPtr> entries = {Broadcast(8, 0), Broadcast(9, 0), Broadcast(10, 0)};
  EXPECT_EQ(bodies.Resolve(entries), 1u);
  EXPECT_EQ(entries.front()->id, 9u);
  bodies.Put(11, std::string(4'000, 'x'));  // larger than the bound by itself
  EXPECT_EQ(bodies.bytes(), 0u);
}

TEST(BroadcastBodies, SharesTheCopiesThatTheStoreSends) {
  BroadcastBodies bodies(10'000);
  std::vector<EntryPtr> first = {Broadcast(7, 0, std::string("body"))};
  std::vector<EntryPtr> second = {Broadcast(7, 1, std::string("body"))};
  bodies.Share(first);
  bodies.Share(second);
  EXPECT_TRUE(first[0]->payload.SharesWith(second[0]->payload));
  std::vector<EntryPtr> reference = {Broadcast(7, 2)};
  EXPECT_EQ(bodies.Resolve(reference), 0u)
      << "a body that was filled is as good as an announced one";
  std::vector<EntryPtr> other = {Broadcast(7, 3, "another")};
  bodies.Share(other);
  EXPECT_EQ(other[0]->payload, Payload("another")) << "the store's word is not replaced";
}

}  // namespace
}  // namespace belfry::edge
