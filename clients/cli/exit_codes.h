// SPDX-License-Identifier: Apache-2.0
// What `belfry` reports: exit codes for scripts, messages for people.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       // here: a file, a timeout; an operation that failed
  kUsage = 2,        // wrong arguments
  kRefused = 3,      // the server refused it: input, credentials, limits; it was not stored
  kUnavailable = 4,  // no answer, or one after which the outcome is unknown
};

// The exit code for a server's answer.
ExitCode ExitCodeOf(Code code);

// Writes `error` to `err`, as one JSON object if `json`, and gives its exit code.
ExitCode Report(const Error& error, bool json, std::ostream& err);

// `text` with control characters shown as \xNN, so that a title cannot play with a terminal.
std::string Printable(std::string_view text);

}  // namespace belfry::cli
