// SPDX-License-Identifier: Apache-2.0
// The next step of an operation: what it commits, and how far the operation is then. Everything a
// step does is in one commit with its progress, so after a crash it goes on where it was.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/common/result.h"
#include "services/store/core/commit_draft.h"
#include "services/store/core/round_plan.h"

namespace belfry::store {

struct OperationStepLimits {
  std::size_t recipients_max = 40;  // one commit's
  std::size_t members_max = 256;    // looked at, of whom some may be no recipients
  std::size_t entries_max = 256;    // erased at once
  std::size_t rows_max = 1'000;     // swept, or looked through
};

struct OperationStep {
  CommitBatch batch = {};
  // The batch has new entries, which are to be announced. Otherwise its entries stand in for those
  // that were erased.
  bool announce = false;
};

// The next step of the operation `id`, which runs. `state` changes with it. An error of Tables;
// then the state is as before.
Result<OperationStep> StepOperation(LogState& state, Tables& tables, const RoundRules& rules,
                                    const OperationStepLimits& limits, OperationId id);
// Forgets operations that ended before `ended_before_us`, some of them at a time.
CommitBatch ForgetOperations(Operations& operations, std::int64_t ended_before_us);

}  // namespace belfry::store
