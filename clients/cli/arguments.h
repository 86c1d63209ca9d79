// SPDX-License-Identifier: Apache-2.0
// From the command line to a command. --help is the reference of `belfry`.
#pragma once

#include <iosfwd>
#include <optional>

#include "clients/cli/commands.h"
#include "clients/cli/environment.h"

namespace belfry::cli {

struct Arguments {
  std::optional<Command> command;  // std::nullopt: help or mistakes were printed, exit
  ExitCode exit_code = kDone;
};

// Flags beat `environment`. Help goes to `out`, mistakes to `err` (kUsage).
Arguments ParseArguments(int argc, const char* const* argv, const Environment& environment,
                         std::ostream& out, std::ostream& err);

}  // namespace belfry::cli
