// SPDX-License-Identifier: Apache-2.0
// The judge of revocations notices each fault that is planted in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/planted_fault.h"
#include "tests/simulation/world.h"

namespace belfry::sim {
namespace {

constexpr std::uint64_t kCleanSeeds = 40;
// So many runs at most until a fault has to be noticed.
constexpr std::uint64_t kSeedsMax = 60;

struct Row {
  const char* name;
  PlantedFault fault;
  std::string_view profile;        // in which what the fault needs happens
  std::vector<AccessRule> broken;  // one of them at least, and no other
};

// How GoogleTest names a row.
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class PlantedInAccess : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override { planted_fault = GetParam().fault; }
  void TearDown() override { planted_fault = PlantedFault::kNone; }

  // A run of the row's profile in which tokens are revoked.
  Outcome Run(std::uint64_t seed) {
    Plan plan = MakePlan(GetParam().profile, seed);
    plan.revoke_every = Millis(800);
    plan.revocations_kept = std::chrono::hours(1);
    plan.revocations_max = Plan().revocations_max;
    plan.Every(Fault::kEdgeClock) = Millis(0);
    return World(plan, instruments_, nullptr).Run();
  }

 private:
  const Instruments instruments_{};
};

TEST_P(PlantedInAccess, IsNoticed) {
  const auto fits = [](const AccessFault& fault) {
    const auto& broken = GetParam().broken;
    return std::find(broken.begin(), broken.end(), fault.rule) != broken.end();
  };
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const Outcome outcome = Run(seed);
    ASSERT_TRUE(outcome.verdict.ok()) << outcome.ToString();
    const auto& faults = outcome.access.faults;
    ASSERT_TRUE(std::all_of(faults.begin(), faults.end(), fits)) << outcome.access.ToString();
    if (!faults.empty()) {
      std::printf("seed %d: %s", static_cast<int>(seed), outcome.access.ToString().c_str());
      return;
    }
  }
  FAIL() << "not noticed in " << kSeedsMax << " runs of profile " << GetParam().profile;
}

TEST_P(PlantedInAccess, IsWhatWasNoticed) {
  planted_fault = PlantedFault::kNone;
  for (std::uint64_t seed = 1; seed <= kCleanSeeds; ++seed) {
    const Outcome outcome = Run(seed);
    ASSERT_TRUE(outcome.ok()) << "seed " << seed << ": " << outcome.ToString();
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, PlantedInAccess,
                         testing::Values(Row{"RevocationsInGapMissed",
                                             PlantedFault::kRevocationsInGapMissed,
                                             "restore",
                                             {AccessRule::kVoidEnds, AccessRule::kVoidRefused}},
                                         Row{"RevocationsFirstPageOnly",
                                             PlantedFault::kRevocationsFirstPageOnly,
                                             "crash",
                                             {AccessRule::kVoidRefused}},
                                         Row{"RevocationsDroppedByOneClock",
                                             PlantedFault::kRevocationsDroppedByOneClock,
                                             "clock",
                                             {AccessRule::kVoidEnds, AccessRule::kVoidRefused}},
                                         Row{"RevocationEndsAllStreams",
                                             PlantedFault::kRevocationEndsAllStreams,
                                             "bus",
                                             {AccessRule::kGoodStays}},
                                         Row{"RevokedByTheWallClock",
                                             PlantedFault::kRevokedByTheWallClock,
                                             "clock",
                                             {AccessRule::kVoidEnds, AccessRule::kVoidRefused}},
                                         Row{"ProjectRevokedInOnePartition",
                                             PlantedFault::kProjectRevokedInOnePartition,
                                             "calm",
                                             {AccessRule::kVoidEnds}}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace belfry::sim
