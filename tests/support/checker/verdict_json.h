// SPDX-License-Identifier: Apache-2.0
// A verdict for machines.
#pragma once

#include <string>

#include "tests/support/checker/checker.h"

namespace belfry::test {

// One JSON object on one line: {"kept":bool,"counts":{...},"clauses":[{"clause","outcome","judged",
// "excused","violations":[{"what","ids","excerpt"}]}]}, ids as strings, all violations.
std::string ToJson(const Verdict& verdict);

}  // namespace belfry::test
