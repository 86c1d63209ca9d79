// SPDX-License-Identifier: Apache-2.0
// NATS, the store and the edge itself come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/edge/edge_world.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

class OutagesTest : public testing::Test {
 protected:
  void Start() {
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
  std::size_t Resets() {
    std::size_t resets = 0;
    for (const ClientHistory& client : world_.fleet().Histories()) {
      resets += static_cast<std::size_t>(std::count_if(
          client.events.begin(), client.events.end(),
          [](const StreamEvent& event) { return event.kind == StreamEvent::Kind::kReset; }));
    }
    return resets;
  }

  World world_;
  int published_ = 0;
};

TEST_F(OutagesTest, EverythingWorksWithoutNats) {
  Start();  // nats-server is never started
  EXPECT_THAT(world_.AdminBody("/readyz"), testing::HasSubstr("degraded: not connected"));
  EXPECT_EQ(world_.Metric("belfry_edge_nats_connected"), 0);
  for (int i = 0; i < 4; ++i) {
    PublishSome(3);
    ASSERT_TRUE(AllArrive(kPromised));
  }
  EXPECT_EQ(world_.AdminStatus("/readyz"), 200);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, NatsIsRestarted) {
  world_.nats().Start();
  Start();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  for (int i = 0; i < 2; ++i) {
    world_.nats().Kill();
    PublishSome(10);
    ASSERT_TRUE(AllArrive(kPromised));
    world_.nats().Start();
    PublishSome(10);
    ASSERT_TRUE(AllArrive(kPromised));
    // Digests are back.
    ASSERT_TRUE(WaitUntil(
        [&] {
          return world_.Metric("belfry_edge_nats_connected") == 1 &&
                 world_.AdminBody("/readyz").find("degraded") == std::string::npos;
        },
        kLong));
  }
  const double announced =
      world_.Metric("belfry_edge_entries_applied_total", "source=\"announced\"");
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Metric("belfry_edge_entries_applied_total", "source=\"announced\""),
            announced + 10);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, NatsHangs) {
  world_.nats().Start();
  Start();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  world_.nats().Pause();
  for (int i = 0; i < 3; ++i) {
    PublishSome(3);
    ASSERT_TRUE(AllArrive(kPromised));
  }
  world_.nats().Resume();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, TheStoreIsRestarted) {
  world_.nats().Start();
  Start();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  world_.StopStore();
  ASSERT_TRUE(WaitUntil([&] { return world_.AdminStatus("/readyz") == 503; }, kLong));
  ASSERT_TRUE(world_.StartStore());
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  ASSERT_TRUE(world_.WaitReady());
  EXPECT_EQ(world_.fleet().connections(0), 1u);  // the streams stayed
  EXPECT_EQ(Resets(), 0u);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, TheEdgeIsRestartedAndStreamsResume) {
  world_.nats().Start();
  Start();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  for (int i = 0; i < 3; ++i) {
    world_.StopEdge();
    PublishSome(10);
    ASSERT_TRUE(world_.StartEdge());
    PublishSome(10);
    ASSERT_TRUE(AllArrive());
  }
  EXPECT_GE(world_.fleet().connections(0), 4u);
  EXPECT_EQ(Resets(), 0u);
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, TheEdgeStartsBeforeItsStoreAndSaysSo) {
  ASSERT_TRUE(world_.StartEdge());
  EXPECT_EQ(world_.AdminStatus("/readyz"), 503);
  EXPECT_EQ(world_.AdminStatus("/livez"), 200);
  EXPECT_THAT(world_.AdminBody("/readyz"), testing::HasSubstr("does not answer"));
  world_.Listen("alice");  // comes again until it is let in
  ASSERT_TRUE(WaitUntil([&] { return world_.fleet().byes("overloaded") > 0; }, kLong));
  ASSERT_TRUE(world_.StartStore());
  ASSERT_TRUE(world_.WaitReady());
  ASSERT_TRUE(world_.fleet().WaitConnected(1, kLong));
  PublishSome(5);
  ASSERT_TRUE(AllArrive());
  EXPECT_EQ(world_.Judge(), "");
}

TEST_F(OutagesTest, AStoreWithAnotherHistoryResetsTheStreams) {
  world_.nats().Start();
  Start();
  PublishSome(10);
  ASSERT_TRUE(AllArrive());
  world_.StopStore();
  world_.ForgetStoreData();
  ASSERT_TRUE(world_.StartStore());
  ASSERT_TRUE(WaitUntil([&] { return world_.Metric("belfry_edge_log_gaps_total") == 4; }, kLong));
  ASSERT_TRUE(WaitUntil([&] { return Resets() >= 2; }, kLong));
  ASSERT_TRUE(world_.fleet().WaitConnected(2, kLong));
  const EntryId bobs = world_.Publish("bob", "new1");
  const EntryId alices = world_.Publish("alice", "new2");
  ASSERT_TRUE(WaitUntil(
      [&] { return world_.fleet().cursor(0) == alices && world_.fleet().cursor(1) == bobs; },
      kLong));
}

TEST_F(OutagesTest, AStoreWithAnotherNumberOfPartitionsEndsTheProcess) {
  Start();
  EXPECT_TRUE(world_.edge().Pulse().ok());
  world_.StopStore();
  world_.ForgetStoreData();
  world_.store_config().partitions = 8;
  ASSERT_TRUE(world_.StartStore());
  ASSERT_TRUE(WaitUntil([&] { return !world_.edge().Pulse().ok(); }, kLong));
}

}  // namespace
}  // namespace belfry::test
