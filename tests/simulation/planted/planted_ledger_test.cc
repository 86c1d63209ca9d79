// SPDX-License-Identifier: Apache-2.0
// The plain model of the inbox notices each fault that is planted in the ledger.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "libs/common/planted_fault.h"
#include "tests/unit/store_core/ledger_run.h"

namespace belfry::store {
namespace {

constexpr std::uint32_t kSeeds = 60;

// The first seed whose run is not as the model says; 0: there is none.
std::uint32_t FirstSeedThatFails(PlantedFault fault) {
  planted_fault = fault;
  std::uint32_t found = 0;
  for (std::uint32_t seed = 1; seed <= kSeeds && found == 0; ++seed) {
    found = LedgerRun(seed).Run(150).empty() ? 0 : seed;
  }
  planted_fault = PlantedFault::kNone;
  return found;
}

TEST(PlantedInTheLedger, IsNoticedByTheModel) {
  EXPECT_EQ(FirstSeedThatFails(PlantedFault::kNone), 0u);
  for (const PlantedFault fault :
       {PlantedFault::kExpiryNotCounted, PlantedFault::kReadAllTooMuch,
        PlantedFault::kCollapsedCountedTwice, PlantedFault::kLateJoinerCountsThePast,
        PlantedFault::kMuteRetroactive, PlantedFault::kRetirementNotCounted}) {
    EXPECT_NE(FirstSeedThatFails(fault), 0u) << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace belfry::store
