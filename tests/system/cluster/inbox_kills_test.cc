// SPDX-License-Identifier: Apache-2.0
// Users on two devices each do whatever the API allows, at random, while processes are killed. At
// rest every list, count and stream says the same as a plain walk over the log, and so did every
// answer on the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "tests/support/checker/checker.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/inbox/inbox_run.h"

namespace belfry::test {
namespace {

constexpr std::size_t kBetweenFaults = 120;
constexpr int kFaults = 30;

TEST(InboxKills, EverybodyIsToldTheSameAndItIsTrue) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Cluster cluster({.edges = 2,
                   .store_args = {"--store-partitions=4"},
                   .edge_args = {"--edge-api-per-second=10000", "--edge-api-burst=10000"}});
  ASSERT_TRUE(cluster.Start());
  InboxRun run(cluster, {.seed = seed});
  ASSERT_TRUE(run.Start());
  ASSERT_TRUE(run.WaitAnswered(kBetweenFaults));
  std::mt19937_64 random(seed);
  std::vector<Node*> nodes = cluster.All();
  for (int fault = 0; fault < kFaults; ++fault) {
    // Mostly one of them, sometimes two at once.
    std::shuffle(nodes.begin(), nodes.end(), random);
    const std::vector<Node*> killed(nodes.begin(), nodes.begin() + (fault % 4 == 3 ? 2 : 1));
    for (Node* node : killed) {
      node->Kill();
    }
    for (Node* node : killed) {
      node->Start();
    }
    for (Node* node : killed) {
      ASSERT_TRUE(node->WaitReady()) << node->LogTail();
    }
    ASSERT_TRUE(run.WaitAnswered(kBetweenFaults)) << killed.front()->name() << " was killed";
  }
  run.Stop();
  for (const std::string& fault : run.Judge()) {
    ADD_FAILURE() << fault;
  }
  const Verdict verdict = Check(run.history(), {.partitions = 4});
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_GT(verdict.of(Clause::kCounts).count, 100u);
  std::printf("%s\n", run.Summary().c_str());
}

}  // namespace
}  // namespace belfry::test
