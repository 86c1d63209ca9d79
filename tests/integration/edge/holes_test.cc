// SPDX-License-Identifier: Apache-2.0
// What NATS loses, repeats and reorders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"
#include "tests/integration/edge/edge_world.h"
#include "tests/support/announce_keys.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

// The store announces on one nats-server, the edge listens to another; a bridge lies between.
class HolesTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.nats().Start();
    edge_nats_.Start();
    world_.edge_config().nats_url = edge_nats_.url();
    bridge_ = std::make_unique<Bridge>(world_.nats().url(), edge_nats_.url());
    ASSERT_TRUE(bridge_->WaitConnected());
    ASSERT_TRUE(world_.StartStore());
    ASSERT_TRUE(world_.StartEdge());
    ASSERT_TRUE(world_.WaitReady());
    world_.Listen("alice");
    world_.Listen("bob");
    ASSERT_TRUE(world_.fleet().WaitConnected(2, kLong));
  }
  void PublishSome(int count) {
    for (int i = 0; i < count; ++i) {
      world_.Publish(i % 3 == 0 ? "bob" : "alice", "n" + std::to_string(++published_));
    }
  }
  bool AllArrive(std::chrono::milliseconds within = kLong) {
    return world_.fleet().WaitForAll(world_.publishes(), within);
  }
  static bool IsLog(const std::string& subject) { return subject.starts_with("belfry.v1.log."); }

  NatsServer edge_nats_;
  World world_;
  std::unique_ptr<Bridge> bridge_;
  int published_ = 0;
};

TEST_F(HolesTest, AnAnnouncementBehindALostOneBringsBoth) {
  PublishSome(5);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Metric("belfry_edge_holes_total"), 0);

  std::atomic<int> seen = 0;
  bridge_->SetRoute([&](const std::string& subject, const std::string&) {
    return IsLog(subject) && ++seen % 3 != 0 ? 0 : 1;
  });
  PublishSome(60);
  ASSERT_TRUE(AllArrive());
  EXPECT_GT(world_.Metric("belfry_edge_holes_total", "cause=\"gap\""), 0);
  EXPECT_GT(world_.Metric("belfry_edge_entries_applied_total", "source=\"filled\""), 20);
  EXPECT_GT(world_.Metric("belfry_edge_entries_applied_total", "source=\"announced\""), 0);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(HolesTest, ADigestBringsALostTail) {
  PublishSome(5);
  ASSERT_TRUE(AllArrive());
  bridge_->SetRoute(
      [](const std::string& subject, const std::string&) { return IsLog(subject) ? 0 : 1; });
  PublishSome(1);
  ASSERT_TRUE(AllArrive(kPromised));
  EXPECT_EQ(world_.Metric("belfry_edge_holes_total", "cause=\"tail\""), 1);
  EXPECT_EQ(world_.Metric("belfry_edge_holes_total", "cause=\"silence\""), 0);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(HolesTest, WithoutDigestsTheStoreIsAsked) {
  PublishSome(5);
  ASSERT_TRUE(AllArrive());
  bridge_->SetRoute([](const std::string&, const std::string&) { return 0; });
  for (int i = 0; i < 4; ++i) {
    PublishSome(1);
    ASSERT_TRUE(AllArrive(kPromised));
  }
  EXPECT_GT(world_.Metric("belfry_edge_holes_total", "cause=\"silence\""), 0);
  EXPECT_EQ(world_.Metric("belfry_edge_bus_silent"), 1);
  EXPECT_EQ(world_.AdminStatus("/readyz"), 200);
  EXPECT_THAT(world_.AdminBody("/readyz"), testing::HasSubstr("degraded"));

  bridge_->SetRoute(nullptr);
  ASSERT_TRUE(WaitUntil([&] { return world_.Metric("belfry_edge_bus_silent") == 0; }, kLong));
  EXPECT_THAT(world_.AdminBody("/readyz"), testing::Not(testing::HasSubstr("degraded")));
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(HolesTest, RepeatsAreDeliveredOnce) {
  bridge_->SetRoute([](const std::string&, const std::string&) { return 3; });
  PublishSome(40);
  ASSERT_TRUE(AllArrive());
  EXPECT_GT(world_.Metric("belfry_edge_entries_repeated_total"), 40);
  EXPECT_EQ(world_.Judge(), "");
}

// A stranger on the edge's NATS, who has heard everything and does not have the key.
class ForgeryTest : public HolesTest {
 protected:
  void SetUp() override {
    HolesTest::SetUp();
    auto forger = wire::NatsPublisher::Start({edge_nats_.url(), "forger", {}, {}, {}}, Log());
    ASSERT_TRUE(forger.ok());
    forger_ = std::move(*forger);
    ASSERT_TRUE(WaitUntil([&] { return forger_->connected(); }, kLong));
    // Whoever is on the bus knows where each partition ends.
    bridge_->SetRoute([this](const std::string& subject, const std::string& message) {
      const std::lock_guard lock(mutex_);
      heard_.emplace_back(subject, message);
      return 1;
    });
  }
  void TearDown() override {
    bridge_->SetRoute(nullptr);
    HolesTest::TearDown();
  }

  std::vector<std::pair<std::string, std::string>> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  Partition PartitionOfAlice() { return PartitionOf("acme", "alice", 4); }
  // The next entry of alice's partition, as the store would commit it.
  std::string ForgedEntry(EntryId prev, EntryId id) {
    auto entry = std::make_shared<Entry>();
    entry->prev = prev;
    entry->id = id;
    entry->kind = EntryKind::kNotification;
    entry->partition = PartitionOfAlice();
    entry->project = "acme";
    entry->user_id = "alice";
    const EntryPtr shared = entry;
    return wire::EncodeBatch({&shared, 1}, 0);
  }
  void Say(const std::string& subject, const std::string& message) {
    ASSERT_TRUE(forger_->Publish(subject, message).ok());
  }
  // As the store signs, with another secret.
  void SayForged(const std::string& subject, const std::string& bytes) {
    Say(subject, wire::Seal({TestAnnounceKey().id, std::string(32, 'x')}, "h", subject, bytes));
  }
  bool Refused(const std::string& reason, int count) {
    return WaitUntil(
        [&] {
          return world_.Metric("belfry_edge_announcements_refused_total",
                               "reason=\"" + reason + "\"") == count;
        },
        kLong);
  }

  std::unique_ptr<wire::NatsPublisher> forger_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> heard_;  // guarded by mutex_
};

TEST_F(ForgeryTest, AnEntryThatFitsReachesNoStream) {
  const EntryId last = world_.Publish("alice", "genuine");
  ASSERT_TRUE(AllArrive());
  const std::string subject = wire::LogSubject(PartitionOfAlice());
  Say(subject, ForgedEntry(last, last + 1));
  SayForged(subject, ForgedEntry(last, last + 1));
  SayForged(subject, ForgedEntry(last, kEntryIdMax - 1));
  Say(subject, "not a batch");
  Say("belfry.v1.other", "x");
  EXPECT_TRUE(Refused("unsigned", 1));
  EXPECT_TRUE(Refused("wrong_mac", 2));
  EXPECT_TRUE(Refused("version", 2));
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Metric("belfry_edge_log_gaps_total"), 0);
  EXPECT_EQ(world_.Metric("belfry_edge_held_bytes"), 0);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(ForgeryTest, AHeadOfTheFutureMovesNoCursor) {
  const EntryId last = world_.Publish("alice", "genuine");
  ASSERT_TRUE(AllArrive());
  const std::string subject = wire::HeadSubject(PartitionOfAlice());
  const std::string head = wire::EncodeHead(
      {PartitionOfAlice(), last + 4'000'000, static_cast<std::int64_t>(last + 4'000'000)});
  Say(subject, head);
  SayForged(subject, head);
  EXPECT_TRUE(Refused("unsigned", 1));
  EXPECT_TRUE(Refused("wrong_mac", 1));
  PublishSome(20);  // with lower ids than what was forged
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(ForgeryTest, WhatTheStoreSignedIsGoodOnceAndWhereItWasSent) {
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  ASSERT_TRUE(WaitUntil([&] { return heard().size() > 20; }, kLong));
  bridge_->SetRoute(nullptr);
  const auto old = heard();
  int moved = 0;
  int heads = 0;
  for (const auto& [subject, message] : old) {
    Say(subject, message);
    heads += subject.starts_with("belfry.v1.head.") ? 1 : 0;
    if (const auto parsed = wire::ParseSubject(subject);
        parsed && parsed->kind == wire::SubjectKind::kLog) {
      Say(wire::LogSubject((parsed->partition + 1) % 4), message);
      ++moved;
    }
  }
  EXPECT_TRUE(Refused("moved", moved));
  EXPECT_TRUE(Refused("stale", heads));
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Judge(), "");
}

// Nothing is announced for longer than entries are kept: what the edge missed is gone.
TEST(RetentionTest, WhatIsGoneBeforeItWasAnnouncedIsReportedByAReset) {
  World world;
  NatsServer edge_nats;
  world.nats().Start();
  edge_nats.Start();
  world.edge_config().nats_url = edge_nats.url();
  world.store_config().retention = std::chrono::milliseconds(1'000);
  Bridge bridge(world.nats().url(), edge_nats.url());
  ASSERT_TRUE(bridge.WaitConnected());
  ASSERT_TRUE(world.StartStore());
  ASSERT_TRUE(world.StartEdge());
  ASSERT_TRUE(world.WaitReady());
  world.Listen("alice");
  ASSERT_TRUE(world.fleet().WaitConnected(1, kLong));
  world.Publish("alice", "before");
  ASSERT_TRUE(world.fleet().WaitForAll(world.publishes(), kLong));

  bridge.SetRoute([](const std::string&, const std::string&) { return 0; });
  // In time to fall below the floor before the silence is noticed.
  for (int i = 0; i < 3; ++i) {
    world.Publish("alice", "missed" + std::to_string(i));
  }
  ASSERT_TRUE(WaitUntil(
      [&] { return world.Metric("belfry_edge_log_gaps_total") > 0 || world.fleet().told(0) >= 4; },
      kLong));
  bridge.SetRoute(nullptr);
  const EntryId after = world.Publish("alice", "after");
  ASSERT_TRUE(WaitUntil([&] { return world.fleet().cursor(0) >= after; }, kLong));
  EXPECT_EQ(world.Judge(/*resets_allowed=*/true), "");
}

}  // namespace
}  // namespace belfry::test
