// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/checker.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/support/checker/client_walk.h"
#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

void CountPublishes(const History& history, Verdict* verdict) {
  for (const Publish& publish : history.publishes) {
    verdict->acknowledged += publish.outcome == Publish::Outcome::kAcknowledged;
    verdict->unknown += publish.outcome == Publish::Outcome::kUnknown;
    verdict->rejected += publish.outcome == Publish::Outcome::kRejected;
  }
  for (const StoredLog& log : history.stored) {
    verdict->stored += log.entries.size();
  }
}

void CountClients(const Case& run, Verdict* verdict) {
  for (const auto& walk : run.walks) {
    const ClientWalk::Counts& counts = walk->counts();
    verdict->told += counts.told;
    verdict->connections += counts.connections;
    verdict->resets += counts.resets;
    verdict->of(Clause::kOrdered).count += counts.told;
    verdict->of(Clause::kIsolated).count += counts.told;
    verdict->of(Clause::kNoSilentGap).count += counts.passed;
    verdict->of(Clause::kNoSilentGap).excused += counts.expired;
    verdict->of(Clause::kResumable).count += counts.resumed;
    verdict->of(Clause::kExplicitLoss).count += counts.resets;
  }
  verdict->of(Clause::kIsolated).count += verdict->stored;
}

// Acknowledged publishes that no client was there for.
std::size_t CountUncovered(const Case& run) {
  const auto covered = [&run](const Publish& publish) {
    return std::any_of(run.walks.begin(), run.walks.end(), [&](const auto& walk) {
      const ClientHistory& client = walk->client();
      return client.project == publish.project &&
             (publish.user_id.empty() || publish.user_id == client.user_id) &&
             walk->Covers(run.ledger.IdIn(walk->home(), publish));
    });
  };
  return static_cast<std::size_t>(std::count_if(
      run.history.publishes.begin(), run.history.publishes.end(), [&](const Publish& publish) {
        return publish.outcome == Publish::Outcome::kAcknowledged && !publish.ids.empty() &&
               !covered(publish);
      }));
}

}  // namespace

void JudgeStoredIsolation(const Case& run) {
  for (const StoredLog& log : run.history.stored) {
    for (const Stored& entry : log.entries) {
      const Publish* publish = run.ledger.ByTag(entry.tag);
      if (publish == nullptr) {
        continue;
      }
      const auto homes = run.ledger.HomesOf(*publish);
      const bool at_home = std::count(homes.begin(), homes.end(), log.partition) > 0;
      if (at_home && entry.project == publish->project && entry.user_id == publish->user_id) {
        continue;
      }
      run.report({Clause::kIsolated,
                  std::to_string(entry.id) +
                      (at_home ? " is stored in another feed" : " is stored in another partition") +
                      " than its own",
                  {entry.id},
                  LineOf(*publish) + LineOf(entry)});
    }
  }
}

Verdict Check(const History& history, const CheckOptions& options) {
  Verdict verdict;
  const ClientWalk::Report report = [&verdict](Violation violation) {
    verdict.violations.push_back(std::move(violation));
  };
  const Ledger ledger(history, options.partitions);
  std::vector<std::unique_ptr<ClientWalk>> walks;
  for (const ClientHistory& client : history.clients) {
    walks.push_back(std::make_unique<ClientWalk>(client, ledger, options, report));
    walks.back()->Run();
  }
  const Case run{history, ledger, walks, options, report};
  CountPublishes(history, &verdict);
  CountClients(run, &verdict);
  verdict.of(Clause::kDurable) = JudgeDurable(run);
  verdict.of(Clause::kHonest) = JudgeHonest(run);
  verdict.of(Clause::kMonotonic) = JudgeMonotonic(run);
  verdict.of(Clause::kTimely) = JudgeTimely(run);
  verdict.of(Clause::kCounts) = JudgeCounts(run);
  JudgeStoredIsolation(run);
  verdict.uncovered = CountUncovered(run);
  return verdict;
}

}  // namespace belfry::test
