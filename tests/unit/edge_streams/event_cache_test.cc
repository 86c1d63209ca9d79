// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/event_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/edge_streams/core_world.h"

namespace belfry::edge {
namespace {

Entry EntryOf(EntryId id, const std::string& user, const std::string& payload = "") {
  Entry entry;
  entry.id = id;
  entry.kind = EntryKind::kNotification;
  entry.project = "p";
  entry.user_id = user;
  entry.payload = payload;
  return entry;
}

struct Cache {
  explicit Cache(std::uint64_t bytes_max) : events(renderer, metrics, bytes_max) {}

  FakeRenderer renderer;
  StreamMetrics metrics;
  EventCache events;
};

TEST(EventCache, GivesTheSameEventForTheSameEntry) {
  Cache c(1 << 20);
  const EventPtr first = c.events.EventOf(EntryOf(7, "alice"));
  EXPECT_EQ(c.events.EventOf(EntryOf(7, "alice")), first);
  EXPECT_EQ(c.renderer.rendered, 1);
}

TEST(EventCache, ALiveEventIsMadeOnceAndCopiedOnceForReplay) {
  Cache c(1 << 20);
  const SteadyTime now{std::chrono::seconds(5)};
  const EventPtr live = c.events.EventOf(EntryOf(7, "alice"), now);
  EXPECT_EQ(live->received, now);
  EXPECT_EQ(live.use_count(), 2) << "the cache's own, and not a copy of it";
  const EventPtr replayed = c.events.EventOf(EntryOf(7, "alice"));
  EXPECT_EQ(replayed->received, SteadyTime{}) << "how late it is is not measured";
  EXPECT_EQ(replayed->text, live->text);
  EXPECT_EQ(c.events.EventOf(EntryOf(7, "alice")), replayed);
  EXPECT_EQ(c.renderer.rendered, 1);
}

TEST(EventCache, RemembersThatAnEntryCannotBeDelivered) {
  Cache c(1 << 20);
  EXPECT_EQ(c.events.EventOf(EntryOf(7, "alice", "broken")), nullptr);
  EXPECT_EQ(c.events.EventOf(EntryOf(7, "alice", "broken")), nullptr);
  EXPECT_EQ(c.renderer.rendered, 1);
  Entry unknown = EntryOf(8, "alice");
  unknown.kind = EntryKind::kUnspecified;
  EXPECT_EQ(c.events.EventOf(unknown), nullptr);
  EXPECT_EQ(c.renderer.rendered, 1);
}

TEST(EventCache, NeverGivesOneUserTheEventOfAnother) {
  // A store of format 1 gave the same id to entries of several partitions.
  Cache c(1 << 20);
  const EventPtr alices = c.events.EventOf(EntryOf(7, "alice"));
  const EventPtr bobs = c.events.EventOf(EntryOf(7, "bob"));
  EXPECT_NE(alices, bobs);
  EXPECT_EQ(c.renderer.rendered, 2);
  Entry other = EntryOf(7, "bob");
  other.project = "q";
  EXPECT_NE(c.events.EventOf(other), bobs);
  EXPECT_EQ(c.renderer.rendered, 3);
}

TEST(EventCache, WhatOneUserHasReadIsNotSharedWithOthers) {
  // A broadcast is one entry for all, and read by some.
  Cache c(1 << 20);
  Entry read = EntryOf(7, "");
  read.kind = EntryKind::kBroadcast;
  Entry unread = read;
  read.read_at_us = 5;
  const EventPtr readers = c.events.EventOf(read);
  const EventPtr others = c.events.EventOf(unread);
  EXPECT_NE(readers, others);
  EXPECT_NE(c.events.EventOf(read), others);
  EXPECT_EQ(c.events.EventOf(unread), others);
  EXPECT_EQ(c.renderer.rendered, 3);
}

TEST(EventCache, KeepsTheMostRecentlyUsedWithinItsBound) {
  Cache c(4'000);
  c.events.EventOf(EntryOf(1, "alice"));
  for (EntryId id = 2; id < 100; ++id) {
    c.events.EventOf(EntryOf(id, "alice"));
    c.events.EventOf(EntryOf(1, "alice"));
    EXPECT_LE(c.events.bytes(), 4'000U);
  }
  EXPECT_EQ(c.renderer.rendered, 99);  // 1 was used all the time
  c.events.EventOf(EntryOf(2, "alice"));
  EXPECT_EQ(c.renderer.rendered, 100);
}

TEST(EventCache, AnEventLargerThanTheBoundIsGivenAndNotKept) {
  Cache c(100);
  EXPECT_NE(c.events.EventOf(EntryOf(1, "alice")), nullptr);
  EXPECT_EQ(c.events.bytes(), 0U);
}

}  // namespace
}  // namespace belfry::edge
