// SPDX-License-Identifier: Apache-2.0
// What the machine must be able to do for a row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/chaos/row.h"

namespace belfry::chaos {

// The fault shim, a library to preload, built beside this program.
std::string ShimPath();

// Makes the namespaces that are needed and looks for the tools. Why it cannot: then the row is
// skipped. Before the process has a second thread; the namespaces and all that is mounted or wired
// in them end with the process and its children.
std::optional<std::string> Provide(const std::vector<Need>& needs);

}  // namespace belfry::chaos
