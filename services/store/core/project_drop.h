// SPDX-License-Identifier: Apache-2.0
// Erases everything of a project: an operation that begins by making the project's tokens void and
// then clears its rows in steps. While it runs nothing of the project is taken. Every step leaves
// tables that agree with each other, so a store that is killed on the way is sound and goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/store/core/append.h"
#include "services/store/core/operation_step.h"

namespace belfry::store {

// The item that begins to drop a project, or finds the operation that does.
AppendItem DropItem(const std::string& project);

struct DropRead {
  OperationId operation_id = 0;
  bool done = false;
  std::uint64_t cleared = 0;  // entries of users, and broadcasts
};
// How far an operation is that drops `project`. kNotFound: it is none, or ended more than a day
// ago.
Result<DropRead> ReadDrop(Tables& tables, OperationId operation, std::string_view project);

// The next step of `operation`, as StepOperation. `operation` is changed only if it succeeds.
Result<OperationStep> StepDrop(LogState& state, Tables& tables, const RoundRules& rules,
                               const OperationStepLimits& limits, OperationRecord& operation);

}  // namespace belfry::store
