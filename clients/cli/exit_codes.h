// SPDX-License-Identifier: Apache-2.0
// How `belfry` tells scripts what happened, and people why.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       // here: a file, a timeout of tail
  kUsage = 2,        // wrong arguments
  kRefused = 3,      // the server said no: input, credentials, limits; nothing was stored
  kUnavailable = 4,  // no answer, or one that leaves open what happened
};

// What an answer of a server means for a script.
ExitCode ExitCodeOf(Code code);

// Writes `error` to `err`, as one JSON object if `json`, and gives its exit code.
ExitCode Report(const Error& error, bool json, std::ostream& err);

// `text` with control characters shown as \xNN, so that a title cannot play with a terminal.
std::string Printable(std::string_view text);

}  // namespace belfry::cli
