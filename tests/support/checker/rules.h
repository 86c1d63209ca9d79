// SPDX-License-Identifier: Apache-2.0
// The clauses that need more than one client's history: each function judges one of them.
#pragma once

#include <memory>
#include <vector>

#include "tests/support/checker/checker.h"
#include "tests/support/checker/client_walk.h"
#include "tests/support/checker/ledger.h"

namespace belfry::test {

// All that a rule looks at. The walks are over, and stand in the order of the history's clients.
struct Case {
  const History& history;
  const Ledger& ledger;
  const std::vector<std::unique_ptr<ClientWalk>>& walks;
  const CheckOptions& options;
  const ClientWalk::Report& report;
};

// Each returns how much it has judged.
Judged JudgeDurable(const Case& run);
Judged JudgeHonest(const Case& run);
Judged JudgeMonotonic(const Case& run);
Judged JudgeTimely(const Case& run);
Judged JudgeCounts(const Case& run);
// That each stored entry lies in its own feed; what clients received is judged by the walks.
void JudgeStoredIsolation(const Case& run);

}  // namespace belfry::test
