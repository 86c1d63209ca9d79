// SPDX-License-Identifier: Apache-2.0
// The store's rounds against a plain model: counts are right after every step.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/store_core/ledger_run.h"

namespace belfry::store {
namespace {

TEST(LedgerModel, CountsListsAndReplaysAreWhatAPlainListGives) {
  for (std::uint32_t seed = 1; seed <= 120; ++seed) {
    ASSERT_EQ(LedgerRun(seed).Run(150), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace belfry::store
