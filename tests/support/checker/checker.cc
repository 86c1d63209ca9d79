// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/checker.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "tests/support/checker/client_walk.h"
#include "tests/support/checker/publish_index.h"

namespace belfry::test {
namespace {

constexpr std::size_t kShownPerClause = 3;

using Walks = std::vector<std::unique_ptr<ClientWalk>>;

// The partitions that hold a copy of it.
std::vector<Partition> PartitionsOf(const Publish& publish, Partition partitions) {
  if (!publish.user_id.empty()) {
    return {PartitionOf(publish.project, publish.user_id, partitions)};
  }
  std::vector<Partition> all(partitions);
  for (Partition p = 0; p < partitions; ++p) all[p] = p;
  return all;
}

// One key, one id: over all acknowledgements and all that was seen.
void CheckOneIdPerKey(const History& history, const ClientWalk::Report& report) {
  std::unordered_map<std::string, std::set<EntryId>> ids;
  std::unordered_map<std::string, const Publish*> publishes;
  for (const Publish& publish : history.publishes) {
    publishes[publish.tag] = &publish;
    ids[publish.tag].insert(publish.ids.begin(), publish.ids.end());
  }
  for (const ClientHistory& client : history.clients) {
    for (const StreamEvent& event : client.events) {
      for (const Told& told : event.told) {
        if (publishes.contains(told.tag)) ids[told.tag].insert(told.id);
      }
    }
  }
  for (const auto& [tag, seen] : ids) {
    if (seen.size() < 2) continue;
    report({Clause::kHonest,
            "'" + tag + "' was stored more than once under one idempotency key",
            {seen.begin(), seen.end()},
            "      " + ToString(*publishes[tag]) + "\n"});
  }
}

// In one partition: an id belongs to one publish, and what was asked for later is greater.
void CheckPartitionOrder(std::vector<const Publish*> publishes, const ClientWalk::Report& report) {
  std::unordered_map<EntryId, const Publish*> owner;
  for (const Publish* publish : publishes) {
    const auto [other, fresh] = owner.emplace(publish->ids.front(), publish);
    if (fresh) continue;
    report({Clause::kMonotonic,
            "an id was used twice",
            {publish->ids.front()},
            "      " + ToString(*other->second) + "\n      " + ToString(*publish) + "\n"});
  }

  std::vector<const Publish*> by_answer = publishes;
  std::sort(by_answer.begin(), by_answer.end(),
            [](const auto* a, const auto* b) { return a->answered_us < b->answered_us; });
  std::sort(publishes.begin(), publishes.end(),
            [](const auto* a, const auto* b) { return a->asked_us < b->asked_us; });
  const Publish* greatest = nullptr;  // of those answered before the one looked at was asked for
  auto answered = by_answer.begin();
  for (const Publish* publish : publishes) {
    for (; answered != by_answer.end() && (*answered)->answered_us < publish->asked_us;
         ++answered) {
      if (greatest == nullptr || (*answered)->ids.front() > greatest->ids.front()) {
        greatest = *answered;
      }
    }
    if (greatest == nullptr || publish->ids.front() > greatest->ids.front()) continue;
    if (publish->ids.front() == greatest->ids.front()) continue;  // told above
    report({Clause::kMonotonic,
            "asked for after " + std::to_string(greatest->ids.front()) +
                " was acknowledged, but got the smaller id " + std::to_string(publish->ids.front()),
            {publish->ids.front(), greatest->ids.front()},
            "      " + ToString(*greatest) + "\n      " + ToString(*publish) + "\n"});
  }
}

void CheckMonotonic(const History& history, Partition partitions,
                    const ClientWalk::Report& report) {
  std::map<Partition, std::vector<const Publish*>> by_partition;
  for (const Publish& publish : history.publishes) {
    if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) continue;
    for (const Partition p : PartitionsOf(publish, partitions)) by_partition[p].push_back(&publish);
  }
  for (auto& [partition, publishes] : by_partition) {
    CheckPartitionOrder(std::move(publishes), report);
  }
}

// What was acknowledged against what all clients together, and each by itself, were told.
std::size_t CheckTold(const History& history, const Walks& walks,
                      const ClientWalk::Report& report) {
  struct Reach {
    std::size_t covering = 0;
    std::size_t told = 0;
  };
  std::unordered_map<const Publish*, Reach> reach;
  for (std::size_t c = 0; c < walks.size(); ++c) {
    const ClientWalk& walk = *walks[c];
    for (const auto& [id, publish] : walk.feed()) {
      if (!walk.Covers(id)) continue;
      ++reach[publish].covering;
      if (walk.WasTold(id)) {
        ++reach[publish].told;
        continue;
      }
      report({Clause::kResumable,
              "client " + history.clients[c].name + ": was never told " + std::to_string(id) +
                  ": " + ToString(*publish),
              {id},
              walk.ExcerptAround(id)});
    }
  }
  std::size_t uncovered = 0;
  for (const Publish& publish : history.publishes) {
    if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) continue;
    const Reach& r = reach[&publish];
    if (r.covering == 0) ++uncovered;
    if (r.covering == 0 || r.told > 0) continue;
    report({Clause::kDurable,
            "acknowledged, but none of the " + std::to_string(r.covering) +
                " clients that were there was told",
            publish.ids, "      " + ToString(publish) + "\n"});
  }
  return uncovered;
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
    case Clause::kIsolated:
      return "isolated";
  }
  return "?";
}

bool Verdict::Has(Clause clause) const {
  return std::any_of(violations.begin(), violations.end(),
                     [clause](const Violation& v) { return v.clause == clause; });
}

std::string Verdict::ToString() const {
  std::string text = std::to_string(acknowledged) + " acknowledged, " + std::to_string(unknown) +
                     " unknown, " + std::to_string(rejected) + " rejected; " +
                     std::to_string(told) + " told over " + std::to_string(connections) +
                     " connections, " + std::to_string(resets) + " resets; " +
                     std::to_string(uncovered) + " uncovered\n";
  std::map<Clause, std::vector<const Violation*>> by_clause;
  for (const Violation& violation : violations) by_clause[violation.clause].push_back(&violation);
  for (const auto& [clause, found] : by_clause) {
    text +=
        "BROKEN " + std::string(ClauseName(clause)) + ": " + std::to_string(found.size()) + "\n";
    for (std::size_t i = 0; i < std::min(found.size(), kShownPerClause); ++i) {
      text += "  " + found[i]->what + "; ids";
      for (const EntryId id : found[i]->ids) text += " " + std::to_string(id);
      text += "\n" + found[i]->excerpt;
    }
  }
  return text;
}

Verdict Check(const History& history, const CheckOptions& options) {
  Verdict verdict;
  const ClientWalk::Report report = [&verdict](Violation violation) {
    verdict.violations.push_back(std::move(violation));
  };
  for (const Publish& publish : history.publishes) {
    verdict.acknowledged += publish.outcome == Publish::Outcome::kAcknowledged;
    verdict.unknown += publish.outcome == Publish::Outcome::kUnknown;
    verdict.rejected += publish.outcome == Publish::Outcome::kRejected;
  }

  const PublishIndex index(history.publishes);
  Walks walks;
  for (const ClientHistory& client : history.clients) {
    walks.push_back(std::make_unique<ClientWalk>(client, index, options, report));
    walks.back()->Run();
    verdict.told += walks.back()->told();
    verdict.connections += walks.back()->connections();
    verdict.resets += walks.back()->resets();
  }
  CheckOneIdPerKey(history, report);
  CheckMonotonic(history, options.partitions, report);
  verdict.uncovered = CheckTold(history, walks, report);
  return verdict;
}

}  // namespace belfry::test
