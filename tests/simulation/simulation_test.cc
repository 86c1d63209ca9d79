// SPDX-License-Identifier: Apache-2.0
// Thousands of runs of the whole system, each by a seed, each judged by the checker; and the seeds
// that once found something.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/batch.h"
#include "tests/simulation/world.h"

namespace belfry::sim {
namespace {

// Sanitizers are ten times as slow, and the schedules are the same.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 150;
constexpr bool kLarge = false;
#else
constexpr std::uint64_t kSeeds = 2'700;
constexpr bool kLarge = true;
#endif

std::string Lines(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) {
    lines += text + "\n";
  }
  return lines;
}

TEST(Simulation, KeepsEveryPromiseUnderEverySchedule) {
  Batch batch;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_TRUE(batch.Run(seed)) << batch.failure();
  }
  if (kLarge) {
    // A simulation in which nothing happens proves nothing.
    EXPECT_EQ(Lines(batch.Missing()), "") << batch.CoverageTable();
  }
}

TEST(Simulation, IsTheSameRunForTheSameSeed) {
  const Instruments instruments;
  for (const std::string_view profile : ProfileNames()) {
    const Outcome first = RunSeed(profile, 4711, instruments);
    const Outcome second = RunSeed(profile, 4711, instruments);
    EXPECT_EQ(first.trace_hash, second.trace_hash) << profile;
    EXPECT_EQ(first.events, second.events) << profile;
    EXPECT_NE(first.trace_hash, RunSeed(profile, 4712, instruments).trace_hash) << profile;
  }
}

// Expiry is the store's to judge: with every edge's wall clock an hour wrong, half of them ahead
// and half behind, a run is the same to the last step, and what expires is still judged right.
TEST(Simulation, EdgesWithAWrongClockDeliverExactlyWhatOthersDo) {
  const Instruments instruments;
  for (const std::string_view profile : {"calm", "bus", "crash", "network", "slow"}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Plan plan = MakePlan(profile, seed);
      plan.expiring = 30;
      const Outcome right = World(plan, instruments, nullptr).Run();
      plan.edge_clocks_off = std::chrono::hours(1);
      const Outcome wrong = World(plan, instruments, nullptr).Run();
      EXPECT_TRUE(right.ok()) << profile << " " << seed << " " << right.ToString();
      EXPECT_TRUE(wrong.ok()) << profile << " " << seed << " " << wrong.ToString();
      EXPECT_EQ(wrong.trace_hash, right.trace_hash) << profile << " " << seed;
    }
  }
}

// belfry-sim's words about a run, its trace among them.
std::string SaidByAnotherProcess(std::string_view profile, std::uint64_t seed) {
  const char* folder = std::getenv("BELFRY_BIN_DIR");
  if (folder == nullptr) {
    ADD_FAILURE() << "BELFRY_BIN_DIR is not set; ctest does";
    return {};
  }
  const std::string command = "'" + std::string(folder) + "/belfry-sim' --trace --profile " +
                              std::string(profile) + " --seed " + std::to_string(seed);
  std::FILE* run = popen(command.c_str(), "r");
  if (run == nullptr) {
    ADD_FAILURE() << command;
    return {};
  }
  std::string said;
  std::array<char, 1 << 14> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), run)) {
    said.append(part.data(), size);
  }
  EXPECT_EQ(pclose(run), 0) << command;
  return said;
}

TEST(Simulation, IsTheSameRunInAnotherProcess) {
  const Instruments instruments;
  for (const std::string_view profile : ProfileNames()) {
    const Outcome here = RunSeed(profile, 4711, instruments);
    const std::string there = SaidByAnotherProcess(profile, 4711);
    std::array<char, 32> hash{};
    std::snprintf(hash.data(), hash.size(), "hash %016llx\n",
                  static_cast<unsigned long long>(here.trace_hash));
    EXPECT_NE(there.find(hash.data()), std::string::npos) << profile;
    EXPECT_GE(static_cast<std::uint64_t>(std::count(there.begin(), there.end(), '\n')), here.steps);
    EXPECT_TRUE(there == SaidByAnotherProcess(profile, 4711)) << profile << ": other traces";
  }
}

// A printed trace is the run that was judged, not another one.
TEST(Simulation, IsTheSameRunWhenItIsWatched) {
  const Instruments instruments;
  std::FILE* nowhere = std::fopen("/dev/null", "w");
  ASSERT_NE(nowhere, nullptr);
  EXPECT_EQ(RunSeed("everything", 4711, instruments, nowhere).trace_hash,
            RunSeed("everything", 4711, instruments).trace_hash);
  std::fclose(nowhere);
}

}  // namespace
}  // namespace belfry::sim
