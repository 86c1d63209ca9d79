// SPDX-License-Identifier: Apache-2.0
// Judges a history by the clauses of docs/guarantees.md. Pure: the same history gives the same
// verdict. What cannot be seen from outside (memory) is measured elsewhere. Where the history holds
// a partition's log as the store has it in the end, that is judged too.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/checker/history.h"

namespace belfry::test {

enum class Clause {
  // What was acknowledged, and what a client received, is in the stored log with that content,
  // unless it lies at or below the floor or in a lost interval. Without the log: an acknowledged
  // notification reached at least one of the clients that were there for it.
  kDurable,
  // What was rejected is nowhere, what is stored or delivered was published, one idempotency key is
  // one
  // id (a broadcast's: one broadcast id, one copy per partition).
  kHonest,
  // What was published after an answer or a cursor was seen has the greater id, and no id stands
  // for
  // two contents, whatever the partition; in a partition stored ids increase and their links chain
  // from the floor.
  kMonotonic,
  // On one connection ids and cursors only grow, and nothing at or below the cursor is repeated.
  kOrdered,
  // On one connection a cursor never passes a committed notification that was not delivered, unless
  // it
  // had expired by then.
  kNoSilentGap,
  // What a client has received it does not receive again when it resumes after it; nothing falls
  // between its connections; in the end it has everything.
  kResumable,
  // A skipped interval is announced by a truthful `reset` that covers it, and by nothing else; no
  // `reset` without a loss.
  kExplicitLoss,
  // What was acknowledged reaches every connected client within a bound, and what has expired
  // reaches
  // none after that bound; see CheckOptions.
  kTimely,
  // A client sees its own feed and nobody else's, and everything is stored in its own.
  kIsolated,
  // A count that a client received with a log position is what a walk over its feed gives at that
  // position: everything above the floor of that time.
  kCounts,
};
inline constexpr std::array kClauses = {
    Clause::kDurable,     Clause::kHonest,    Clause::kMonotonic,    Clause::kOrdered,
    Clause::kNoSilentGap, Clause::kResumable, Clause::kExplicitLoss, Clause::kTimely,
    Clause::kIsolated,    Clause::kCounts};
std::string_view ClauseName(Clause clause);

struct Violation {
  Clause clause;
  std::string what;          // one sentence, with names and ids
  std::vector<EntryId> ids;  // the ids it is about
  std::string excerpt;       // the lines of the history that show it
};

struct CheckOptions {
  Partition partitions = kPartitionsDefault;
  // Whether the run gave the store a reason to say `reset` at all.
  bool resets_allowed = false;

  // Zero: timely is not judged. Else: a publish acknowledged at t reaches every client whose
  // connection was up at t (it had received `connected`, and the publish lies after where it
  // started) by t + timely. The deadline moves:
  // - a trouble that overlaps [t, deadline] moves it to its end + recovery + timely;
  // - so does the connection's beginning, catching up, which lasts for `timely`.
  // Excused is who lost the connection or got a reset over it before the deadline, what expired
  // before it, and what has a deadline after the end of the history.
  // What expires at t reaches no client after t + timely, moved by troubles alike.
  std::chrono::microseconds timely{0};
  std::chrono::microseconds recovery = std::chrono::seconds(10);
};

// How much of a clause there was to judge.
struct Judged {
  std::size_t count = 0;    // of what: see ToString
  std::size_t excused = 0;  // beside them
};

struct Verdict {
  std::vector<Violation> violations;
  std::array<Judged, kClauses.size()> judged = {};  // by clause
  // So that a test can see that something was checked.
  std::size_t acknowledged = 0;  // publishes
  std::size_t unknown = 0;
  std::size_t rejected = 0;
  std::size_t told = 0;       // notifications over all clients
  std::size_t uncovered = 0;  // acknowledged publishes that no client was there for
  std::size_t connections = 0;
  std::size_t resets = 0;
  std::size_t stored = 0;  // entries of the logs that were read

  bool ok() const { return violations.empty(); }
  bool Has(Clause clause) const;
  std::size_t Count(Clause clause) const;  // violations
  // "kept", "BROKEN" or, if there was nothing of it to judge, "not judged".
  std::string_view OutcomeOf(Clause clause) const;
  Judged& of(Clause clause) { return judged[static_cast<std::size_t>(clause)]; }
  const Judged& of(Clause clause) const { return judged[static_cast<std::size_t>(clause)]; }
  // The counts, a line for each clause (kept, BROKEN, or not judged), and the first few violations
  // of each.
  std::string ToString() const;
};
// What Judged::count counts: "acknowledged publishes".
std::string_view UnitOf(Clause clause);

Verdict Check(const History& history, const CheckOptions& options = {});

}  // namespace belfry::test
