// SPDX-License-Identifier: Apache-2.0
// The checker can fail: with each fault planted some run is flagged, soon and under the clause that
// the fault breaks; with none, the same program on the same seeds is clean.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/planted_fault.h"
#include "tests/simulation/batch.h"
#include "tests/simulation/world.h"

namespace belfry::sim {
namespace {

using test::Clause;

constexpr std::uint64_t kCleanSeeds = 40;
// So many runs at most until a fault has to be noticed.
constexpr std::uint64_t kSeedsMax = 60;

struct Row {
  const char* name;
  PlantedFault fault;
  std::string_view profile;  // in which what the fault needs happens
  Clause broken;
  // What follows from it, and may be flagged beside it.
  std::vector<Clause> follows;
  // Whether clients read, archive and mute meanwhile.
  bool changes = true;
};

// How GoogleTest names a row.
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

// "durable (2), no silent gaps (1)".
std::string Flagged(const Outcome& outcome) {
  std::string flagged;
  for (const Clause clause : test::kClauses) {
    if (outcome.verdict.Has(clause)) {
      flagged += (flagged.empty() ? "" : ", ") + std::string(test::ClauseName(clause)) + " (" +
                 std::to_string(outcome.verdict.Count(clause)) + ")";
    }
  }
  return flagged;
}

class PlantedFaults : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override { planted_fault = GetParam().fault; }
  void TearDown() override { planted_fault = PlantedFault::kNone; }
};

TEST_P(PlantedFaults, AreNoticed) {
  const Row& row = GetParam();
  const Instruments instruments;
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    Plan plan = MakePlan(row.profile, seed);
    plan.change_every = row.changes ? plan.change_every : Millis(0);
    const Outcome outcome = World(plan, instruments, nullptr).Run();
    if (outcome.verdict.ok()) {
      continue;
    }
    std::printf("seed %d: %s\n", static_cast<int>(seed), Flagged(outcome).c_str());
    for (const Clause clause : test::kClauses) {
      const bool fits = clause == row.broken || std::find(row.follows.begin(), row.follows.end(),
                                                          clause) != row.follows.end();
      ASSERT_TRUE(fits || !outcome.verdict.Has(clause))
          << test::ClauseName(clause) << " is not what this fault breaks\n"
          << outcome.verdict.ToString();
    }
    if (outcome.verdict.Has(row.broken)) {
      return;
    }
  }
  FAIL() << test::ClauseName(row.broken) << " was not flagged in " << kSeedsMax
         << " runs of profile " << row.profile;
}

TEST_P(PlantedFaults, AreWhatWasNoticed) {
  planted_fault = PlantedFault::kNone;
  Batch batch;
  for (std::uint64_t seed = 1; seed <= kCleanSeeds; ++seed) {
    ASSERT_TRUE(batch.Run(seed, GetParam().profile)) << batch.failure();
  }
}

// A batch says which seed it was and how to see it again.
TEST(PlantedFault, IsReportedWithItsSeed) {
  planted_fault = PlantedFault::kHoleIgnored;
  Batch batch;
  std::uint64_t seed = 0;
  while (batch.Run(++seed, "bus") && seed < kSeedsMax) {
  }
  planted_fault = PlantedFault::kNone;
  const std::string replay =
      "./dev chaos sim --profile bus --seed " + std::to_string(seed) + " --trace";
  EXPECT_NE(batch.failure().find(replay), std::string::npos) << batch.failure();
  EXPECT_NE(batch.failure().find("no silent gaps"), std::string::npos) << batch.failure();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, PlantedFaults,
    testing::Values(
        Row{"HoleIgnored",
            PlantedFault::kHoleIgnored,
            "bus",
            Clause::kNoSilentGap,
            {Clause::kTimely}},
        Row{"PrevNotChecked",
            PlantedFault::kPrevNotChecked,
            "bus",
            Clause::kNoSilentGap,
            {Clause::kTimely}},
        Row{"MacNotChecked",
            PlantedFault::kMacNotChecked,
            "hostile",
            Clause::kNoSilentGap,
            {test::kClauses.begin(), test::kClauses.end()}},
        Row{"AnnouncedBeforeDurable",
            PlantedFault::kAnnouncedBeforeDurable,
            "crash",
            Clause::kDurable,
            // Edges and browsers stand where the log never was: anything may follow.
            {test::kClauses.begin(), test::kClauses.end()}},
        Row{"IdReusedAfterRestart",
            PlantedFault::kIdReusedAfterRestart,
            "clock",
            Clause::kMonotonic,
            // The links in the partitions that have the last id (all of them, if it is a
            // broadcast's) are one too low as well: the store refuses to read on over them, so that
            // edges that need it to are stuck, and an edge that had not seen the last entry takes
            // the next one for its successor. An entry that took another one's place is not what a
            // count at its id counted.
            {Clause::kResumable, Clause::kCounts, Clause::kNoSilentGap},
            // A change has its id in the user's record, and the ledger's own CHECK would end the
            // run before the checker has seen it.
            false},
        Row{"IdempotencyForgotten",
            PlantedFault::kIdempotencyForgotten,
            "network",
            Clause::kHonest,
            {}},
        Row{"SeamOffByOne", PlantedFault::kSeamOffByOne, "network", Clause::kNoSilentGap, {}},
        Row{"FloorNotLookedAtAgain",
            PlantedFault::kFloorNotLookedAtAgain,
            "retention",
            Clause::kNoSilentGap,
            {Clause::kCounts}},
        Row{"RetirementNotCounted",
            PlantedFault::kRetirementNotCounted,
            "retention",
            Clause::kCounts,
            {}},
        Row{"ResetNotSent",
            PlantedFault::kResetNotSent,
            "restore",
            Clause::kExplicitLoss,
            // The last one to come back without a reset is sent nothing afterwards.
            {Clause::kNoSilentGap, Clause::kResumable}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace belfry::sim
