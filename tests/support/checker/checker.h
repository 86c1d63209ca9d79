// SPDX-License-Identifier: Apache-2.0
// Judges a history by the clauses of docs/guarantees.md. Pure: the same history gives the same
// verdict. What it cannot see from outside (memory, latency) is measured elsewhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/checker/history.h"

namespace belfry::test {

enum class Clause {
  // An acknowledged notification reached at least one of the clients that were there for it.
  kDurable,
  // What was rejected is never seen, what is seen was asked for, one idempotency key is one id.
  kHonest,
  // In a partition, what was asked for after an answer has the greater id; no id is used twice.
  kMonotonic,
  // On one connection ids and cursors only grow, and nothing at or below the cursor is repeated.
  kOrdered,
  // On one connection a cursor never passes an acknowledged notification that was not told.
  kNoSilentGap,
  // Over all connections of a client each acknowledged notification was told exactly once.
  kResumable,
  // A skipped interval is announced by a truthful `reset`, and by nothing else.
  kExplicitLoss,
  // A client sees its own feed and nobody else's.
  kIsolated,
};
std::string_view ClauseName(Clause clause);

struct Violation {
  Clause clause;
  std::string what;          // one sentence, with names and ids
  std::vector<EntryId> ids;  // the ids it is about
  std::string excerpt;       // a few lines of the history around it
};

struct CheckOptions {
  Partition partitions = kPartitionsDefault;
  // Whether the run gave the store a reason to say `reset` at all.
  bool resets_allowed = false;
};

struct Verdict {
  std::vector<Violation> violations;
  // So that a test can see that something was checked.
  std::size_t acknowledged = 0;  // publishes
  std::size_t unknown = 0;
  std::size_t rejected = 0;
  std::size_t told = 0;       // notifications over all clients
  std::size_t uncovered = 0;  // acknowledged publishes that no client was there for
  std::size_t connections = 0;
  std::size_t resets = 0;

  bool ok() const { return violations.empty(); }
  bool Has(Clause clause) const;
  // The counts, then the first few violations of each clause.
  std::string ToString() const;
};

Verdict Check(const History& history, const CheckOptions& options = {});

}  // namespace belfry::test
