// SPDX-License-Identifier: Apache-2.0
// Whether what a program printed has been written. Safe to call from any thread that owns the
// streams.
#pragma once

#include <iosfwd>
#include <string_view>

namespace belfry {

// Flushes `out`. The exit code of a program that would end with `code`: 1, and a line on `err` that
// begins with `program`, if something printed to `out` was not written (a full disk behind a
// redirection) and `code` is 0; otherwise `code`.
int ExitCodeOnceWritten(int code, std::string_view program, std::ostream& out, std::ostream& err);

}  // namespace belfry
