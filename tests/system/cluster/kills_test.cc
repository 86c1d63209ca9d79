// SPDX-License-Identifier: Apache-2.0
// Whatever is killed or frozen under load: once it is back, everybody has everything, in order,
// once.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/cluster/traffic.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

// Enough to have all three calls, many rounds and several broadcasts under way.
constexpr std::size_t kBetweenFaults = 150;
constexpr int kFaults = 3;

class Kills : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.Start());
    ASSERT_TRUE(traffic_.Listen(users_, 2));
    traffic_.StartLoad(users_);
    ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults));
  }

  // SIGKILL and start again, a few times. `publishing_goes_on`: without it as well.
  void KillAgainAndAgain(Node& victim, bool publishing_goes_on) {
    for (int i = 0; i < kFaults; ++i) {
      victim.Kill();
      if (publishing_goes_on) {
        ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults)) << "while it was down";
      }
      victim.Start();
      ASSERT_TRUE(victim.WaitReady()) << victim.LogTail();
      ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults)) << "after it came back";
    }
  }

  const std::vector<std::string> users_ = Traffic::Users(20);
  Cluster cluster_{{.edges = 2, .store_args = {}, .ingest_args = {}, .edge_args = {}}};
  Traffic traffic_{cluster_};
};

TEST_F(Kills, TheStoreComesBackWithAllItAcknowledged) {
  KillAgainAndAgain(cluster_.store(), false);
  traffic_.ExpectEveryPromiseKept();
}

TEST_F(Kills, IngestComesBackAndNothingIsStoredTwice) {
  KillAgainAndAgain(cluster_.ingest(), false);
  traffic_.ExpectEveryPromiseKept();
}

TEST_F(Kills, StreamsOfADeadEdgeGoOnElsewhereAndComeBack) {
  KillAgainAndAgain(cluster_.edge(0), true);
  KillAgainAndAgain(cluster_.edge(1), true);
  traffic_.ExpectEveryPromiseKept();
  EXPECT_GT(traffic_.Judge().connections, 2 * users_.size()) << "nobody lost a connection";
}

TEST_F(Kills, WithoutNatsNothingIsLostAndTheBellGoesOnRinging) {
  KillAgainAndAgain(cluster_.nats(), true);
  traffic_.ExpectEveryPromiseKept();
}

TEST_F(Kills, AFrozenNatsHoldsNobodyUp) {
  for (int i = 0; i < kFaults; ++i) {
    cluster_.nats().Pause();
    ASSERT_TRUE(traffic_.WaitAcknowledged(2 * kBetweenFaults));
    cluster_.nats().Resume();
    ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults));
  }
  traffic_.ExpectEveryPromiseKept();
}

TEST_F(Kills, AFrozenStoreIsWaitedFor) {
  for (int i = 0; i < kFaults; ++i) {
    cluster_.store().Pause();
    // Long enough for everything that waits for it to have noticed.
    ASSERT_TRUE(
        WaitUntil([this] { return cluster_.ingest().AdminStatus("/readyz") != 200; }, kPatience));
    cluster_.store().Resume();
    ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults));
  }
  traffic_.ExpectEveryPromiseKept();
}

TEST_F(Kills, EverythingAtOnceAndBack) {
  for (int i = 0; i < kFaults; ++i) {
    for (Node* node : cluster_.All()) {
      node->Kill();
    }
    ASSERT_TRUE(cluster_.Start());
    ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults));
  }
  traffic_.ExpectEveryPromiseKept();
}

// Those who come later read what is on disk: a second witness beside those who were there.
TEST_F(Kills, ALatecomerReadsTheSameHistoryFromTheBeginning) {
  cluster_.store().Kill();
  cluster_.store().Start();
  ASSERT_TRUE(traffic_.WaitAcknowledged(kBetweenFaults));
  traffic_.StopLoad();
  for (const std::string& user : users_) {
    traffic_.Add(user, EntryId{0});
  }
  traffic_.ExpectEveryPromiseKept();
}

}  // namespace
}  // namespace belfry::test
