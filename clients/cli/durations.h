// SPDX-License-Identifier: Apache-2.0
// Durations on the command line: "90s". Private to this room.
#pragma once

#include <chrono>
#include <string>

namespace CLI {
class App;
}

namespace belfry::cli {

void AddDuration(CLI::App* app, const std::string& name, std::chrono::milliseconds* value,
                 const std::string& help);

}  // namespace belfry::cli
