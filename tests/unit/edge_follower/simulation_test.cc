// SPDX-License-Identifier: Apache-2.0
// The follower's promise under thousands of schedules.
#include "tests/unit/edge_follower/simulation.h"

#include <gtest/gtest.h>

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;

// Sanitizers are ten times as slow, and the schedules are the same.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 25;
#else
constexpr std::uint64_t kSeeds = 200;
#endif

TEST(FollowerSimulation, LossRepeatsAndDisorderCostOnlyTime) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    Simulation simulation(plan);
    ASSERT_EQ(simulation.Run().value_or(""), "");
    EXPECT_EQ(simulation.gaps(), 0u);
    EXPECT_GT(simulation.delivered(), 1'000u);
    ASSERT_LE(simulation.slowest(), milliseconds(2'000)) << "seed " << seed;
  }
}

TEST(FollowerSimulation, DeliversWithinTwoSecondsWithNoBusAtAll) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    plan.bus_dead = true;
    Simulation simulation(plan);
    ASSERT_EQ(simulation.Run().value_or(""), "");
    EXPECT_EQ(simulation.gaps(), 0u);
    ASSERT_LE(simulation.slowest(), milliseconds(2'000)) << "seed " << seed;
  }
}

TEST(FollowerSimulation, AWellBusIsFollowedWithoutReadingTheStore) {
  SimulationPlan plan;
  plan.lose = plan.repeat = 0;
  plan.delay_max = milliseconds(0);
  plan.bus_outages = false;
  Simulation simulation(plan);
  ASSERT_EQ(simulation.Run().value_or(""), "");
  EXPECT_LE(simulation.slowest(), milliseconds(200));  // the start, then at once
}

TEST(FollowerSimulation, StoreOutagesAndFailingCallsCostOnlyTime) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    plan.lose = 40;
    plan.settle = milliseconds(15'000);  // much is left to be read
    plan.call_fails = 30;
    plan.store_outages = true;
    Simulation simulation(plan);
    ASSERT_EQ(simulation.Run().value_or(""), "");
    EXPECT_EQ(simulation.gaps(), 0u);
  }
}

TEST(FollowerSimulation, WhatFellBelowTheFloorIsDeliveredAsAGap) {
  std::size_t gaps = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    plan.retention = true;
    plan.settle = milliseconds(12'000);
    plan.store_outages = true;
    Simulation simulation(plan);
    ASSERT_EQ(simulation.Run().value_or(""), "");
    gaps += simulation.gaps();
  }
  EXPECT_GT(gaps, kSeeds);
}

TEST(FollowerSimulation, AStoreThatLosesItsLastEntriesIsFollowedAllTheSame) {
  std::size_t gaps = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    plan.rewinds = true;
    plan.call_fails = 10;
    Simulation simulation(plan);
    ASSERT_EQ(simulation.Run().value_or(""), "");
    gaps += simulation.gaps();
  }
  EXPECT_GT(gaps, kSeeds);
}

// The judge must find a follower that does not keep its promise.
class PlantedFault : public testing::TestWithParam<bool SimulationPlan::*> {};

TEST_P(PlantedFault, IsFound) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimulationPlan plan;
    plan.seed = seed;
    plan.*GetParam() = true;
    found += Simulation(plan).Run().has_value() ? 1 : 0;
  }
  EXPECT_EQ(found, 20u);
}

INSTANTIATE_TEST_SUITE_P(FollowerSimulation, PlantedFault,
                         testing::Values(&SimulationPlan::hide_holes,
                                         &SimulationPlan::deliver_repeats,
                                         &SimulationPlan::swallow_batches));

}  // namespace
}  // namespace belfry::edge
