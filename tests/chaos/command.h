// SPDX-License-Identifier: Apache-2.0
// Tools of the system: ip, nft, mount, mkfs.
#pragma once

#include <string>
#include <vector>

#include "libs/common/result.h"

namespace belfry::chaos {

// Runs `argv` (its first word is a path) to its end. kUnavailable: it failed, with what it said.
// `scratch` is a directory for its output.
Status Run(const std::vector<std::string>& argv, const std::string& scratch);

}  // namespace belfry::chaos
