// SPDX-License-Identifier: Apache-2.0
// Each row runs in a process of its own, so that it can be ended whatever it does: its processes,
// namespaces, mounts and loop devices end with it, its directory is removed here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/chaos/row.h"

namespace belfry::chaos {

struct SuperviseOptions {
  bool long_form = false;
  std::uint64_t seed = 1;
};

// Nothing if SIGINT or SIGTERM came meanwhile (see libs/common/signals.h: they must be blocked);
// the row has been ended then. The directory of a broken row is left behind.
std::optional<Outcome> Supervise(const Row& row, const SuperviseOptions& options);

// In that process: runs the row and leaves its outcome in its directory. The exit code.
int RunRow(const Row& row, const RunOptions& options);

}  // namespace belfry::chaos
