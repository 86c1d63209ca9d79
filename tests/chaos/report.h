// SPDX-License-Identifier: Apache-2.0
// Outcomes for people (a table) and for programs (JSON).
#pragma once

#include <string>
#include <vector>

#include "libs/common/result.h"
#include "tests/chaos/row.h"

namespace belfry::chaos {

// "kept", "BROKEN", "skipped".
std::string VerdictName(Outcome::Verdict verdict);
// The recovery: "0.41 s", "-" if none was measured.
std::string RecoveryText(const Outcome& outcome);
// Counts and notes, or why it is broken or skipped: one line.
std::string Evidence(const Outcome& outcome);
// Markdown: row | expected | verdict | recovery | evidence, then how many were what.
std::string Table(const std::vector<Outcome>& outcomes);

std::string ToJson(const Outcome& outcome);
std::string ToJson(const std::vector<Outcome>& outcomes);  // {"rows": [...]}
// kDataLoss: that is not what ToJson writes.
Result<Outcome> OutcomeFromJson(const std::string& json);

}  // namespace belfry::chaos
