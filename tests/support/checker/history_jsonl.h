// SPDX-License-Identifier: Apache-2.0
// A history as JSON lines, so that what one process recorded another can judge.
// docs/history-format.md has the format.
#pragma once

#include <iosfwd>

#include "libs/common/result.h"
#include "tests/support/checker/history.h"

namespace belfry::test {

inline constexpr int kHistoryVersion = 1;

// Text that is not UTF-8 is written with U+FFFD in it; all else comes back from ReadHistory as it
// was, provided that tags are unique, and clients by name, project and user. Look at `out`
// afterwards for whether it could be written.
void WriteHistory(const History& history, std::ostream& out);

// Strict: every line has to be as the format says, no member more or less.
// kInvalidArgument: the line's number and what is wrong with it.
Result<History> ReadHistory(std::istream& in);

}  // namespace belfry::test
