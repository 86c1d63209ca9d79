// SPDX-License-Identifier: Apache-2.0
// belfry-checker: judges a history that was written as JSON lines.
#pragma once

#include <iosfwd>

namespace belfry::test {

// The exit code: 0 every clause that could be judged is kept, 1 one is broken, 2 the arguments or
// the history cannot be read.
int RunChecker(int argc, const char* const* argv, std::istream& in, std::ostream& out,
               std::ostream& err);

}  // namespace belfry::test
