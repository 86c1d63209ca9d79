// SPDX-License-Identifier: Apache-2.0
// A verdict as text for people.
#include <algorithm>

#include "tests/support/checker/checker.h"

namespace belfry::test {
namespace {

constexpr std::size_t kShownPerClause = 3;
constexpr std::size_t kNameWidth = 32;

// Why there was nothing of a clause to judge.
std::string_view NothingOf(Clause clause) {
  switch (clause) {
    case Clause::kResumable:
      return "no client came back with a cursor";
    case Clause::kExplicitLoss:
      return "no reset was sent";
    case Clause::kTimely:
      return "no bound was given, or nothing came while a client was connected";
    case Clause::kNoSilentGap:
      return "no cursor passed anything";
    case Clause::kDurable:
      return "nothing was acknowledged, or no client was there and the log was not read";
    case Clause::kHonest:
    case Clause::kMonotonic:
      return "nothing was published";
    case Clause::kOrdered:
    case Clause::kIsolated:
      return "no notification was delivered";
    case Clause::kCounts:
      return "no count was sent, or the log was not read";
  }
  return "";
}

std::string LineOf(const Verdict& verdict, Clause clause) {
  std::string line = std::string(ClauseName(clause)) + ":";
  line.resize(std::max(line.size() + 1, kNameWidth), ' ');
  line += verdict.OutcomeOf(clause);
  const Judged& judged = verdict.of(clause);
  const std::size_t broken = verdict.Count(clause);
  if (broken > 0) {
    line += " " + std::to_string(broken);
  }
  if (broken == 0 && judged.count == 0) {
    line += " (" + std::string(NothingOf(clause));
  } else {
    line += " (" + std::to_string(judged.count) + " " + std::string(UnitOf(clause));
  }
  if (judged.excused > 0) {
    line += "; " + std::to_string(judged.excused) + " excused";
  }
  return line + ")\n";
}

std::string ViolationsOf(const Verdict& verdict, Clause clause) {
  std::string text;
  std::size_t shown = 0;
  for (const Violation& violation : verdict.violations) {
    if (violation.clause != clause || ++shown > kShownPerClause) {
      continue;
    }
    text += "  " + violation.what;
    if (!violation.ids.empty()) {
      text += "; ids";
    }
    for (const EntryId id : violation.ids) {
      text += " " + std::to_string(id);
    }
    text += "\n" + violation.excerpt;
  }
  if (shown > kShownPerClause) {
    text += "  and " + std::to_string(shown - kShownPerClause) + " more\n";
  }
  return shown == 0 ? text : "BROKEN " + std::string(ClauseName(clause)) + "\n" + text;
}

}  // namespace

std::string_view ClauseName(Clause clause) {
  switch (clause) {
    case Clause::kDurable:
      return "durable";
    case Clause::kHonest:
      return "honest failure";
    case Clause::kMonotonic:
      return "monotonic";
    case Clause::kOrdered:
      return "ordered and unique per stream";
    case Clause::kNoSilentGap:
      return "no silent gaps";
    case Clause::kResumable:
      return "resumable";
    case Clause::kExplicitLoss:
      return "explicit loss";
    case Clause::kTimely:
      return "timely";
    case Clause::kIsolated:
      return "isolated";
    case Clause::kCounts:
      return "counts are right";
  }
  return "?";
}

std::string_view UnitOf(Clause clause) {
  switch (clause) {
    case Clause::kDurable:
      return "acknowledged publishes";
    case Clause::kHonest:
      return "idempotency keys";
    case Clause::kMonotonic:
      return "ids";
    case Clause::kOrdered:
      return "notifications delivered";
    case Clause::kNoSilentGap:
      return "entries that a cursor passed";
    case Clause::kResumable:
      return "connections that came with a cursor";
    case Clause::kExplicitLoss:
      return "resets";
    case Clause::kTimely:
      return "deliveries";
    case Clause::kIsolated:
      return "notifications delivered and entries stored";
    case Clause::kCounts:
      return "counts sent";
  }
  return "?";
}

std::string_view Verdict::OutcomeOf(Clause clause) const {
  if (Has(clause)) {
    return "BROKEN";
  }
  return of(clause).count > 0 ? "kept" : "not judged";
}

bool Verdict::Has(Clause clause) const { return Count(clause) > 0; }

std::size_t Verdict::Count(Clause clause) const {
  return static_cast<std::size_t>(
      std::count_if(violations.begin(), violations.end(),
                    [clause](const Violation& v) { return v.clause == clause; }));
}

std::string Verdict::ToString() const {
  std::string text =
      std::to_string(acknowledged) + " acknowledged, " + std::to_string(unknown) + " unknown, " +
      std::to_string(rejected) + " rejected; " + std::to_string(stored) + " read from the store; " +
      std::to_string(told) + " delivered over " + std::to_string(connections) + " connections, " +
      std::to_string(resets) + " resets; " + std::to_string(uncovered) + " uncovered\n";
  for (const Clause clause : kClauses) {
    text += LineOf(*this, clause);
  }
  for (const Clause clause : kClauses) {
    text += ViolationsOf(*this, clause);
  }
  return text;
}

}  // namespace belfry::test
