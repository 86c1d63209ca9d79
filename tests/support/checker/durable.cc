// SPDX-License-Identifier: Apache-2.0
// Durable: what was acknowledged, and what a client received, is there in the end.
#include <set>
#include <string>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

class DurableRule {
 public:
  explicit DurableRule(const Case& run) : run_(run) {}

  Judged Judge() {
    for (const Publish& publish : run_.history.publishes) {
      if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) {
        continue;
      }
      bool looked = false;
      for (const Partition home : run_.ledger.HomesOf(publish)) {
        looked = LookInStore(publish, home) || looked;
      }
      if (!looked) {
        looked = AskWitnesses(publish);
      }
      judged_.count += looked;
      judged_.excused += !looked;
    }
    for (const auto& walk : run_.walks) {
      LookForTold(*walk);
    }
    return judged_;
  }

 private:
  // False if the log need not hold it, or was not read.
  bool LookInStore(const Publish& publish, Partition home) {
    const EntryId id = publish.ids.front();
    const Stored* copy = run_.ledger.CopyIn(home, publish.tag);
    if (copy == nullptr && !run_.ledger.MustBeStored(home, id, publish.answered_us)) {
      return false;
    }
    // Under another id: one key has two, which is another clause's. In another's feed: another's.
    if (copy != nullptr || (!publish.user_id.empty() && HasStray(publish))) {
      return true;
    }
    const Stored* other = run_.ledger.At(home, id);
    const std::string where = " in partition " + std::to_string(home);
    if (other == nullptr) {
      Complain(publish, home, id,
               std::to_string(id) + " was acknowledged, but is not in the store" + where,
               LineOf(publish));
    } else if (run_.ledger.ByTag(other->tag) == nullptr) {
      Complain(publish, home, id,
               std::to_string(id) + " was acknowledged, but is stored with another content" + where,
               LineOf(publish) + LineOf(*other));
    }  // else the id names two publishes, which is another clause's
    return true;
  }

  bool HasStray(const Publish& publish) const { return !run_.ledger.CopiesOf(publish.tag).empty(); }

  // Nobody looked into the store: one of the clients that were there must have been told. What
  // expires need not have been.
  bool AskWitnesses(const Publish& publish) {
    if (publish.expires_us != 0) {
      return false;
    }
    std::size_t covering = 0;
    for (const auto& walk : run_.walks) {
      const ClientHistory& client = walk->client();
      if (client.project != publish.project ||
          (!publish.user_id.empty() && client.user_id != publish.user_id) ||
          run_.ledger.LogOf(walk->home()) != nullptr) {
        continue;
      }
      const EntryId id = publish.ids.front();
      if (walk->ToldAt(id)) {
        return true;
      }
      covering += walk->Covers(id);
    }
    if (covering == 0) {
      return false;
    }
    run_.report({Clause::kDurable,
                 std::to_string(publish.ids.front()) + " was acknowledged, but none of the " +
                     std::to_string(covering) + " clients that were there received it",
                 publish.ids, LineOf(publish)});
    return true;
  }

  // What was delivered before the log was read must be in it. What should not have been delivered,
  // or has another id there, is another clause's.
  void LookForTold(const ClientWalk& walk) {
    if (run_.ledger.LogOf(walk.home()) == nullptr) {
      return;
    }
    const ClientHistory& client = walk.client();
    for (std::size_t at = 0; at < client.events.size(); ++at) {
      for (const Told& told : client.events[at].told) {
        const Publish* publish = run_.ledger.ByTag(told.tag);
        if (publish == nullptr || publish->outcome == Publish::Outcome::kRejected ||
            publish->project != client.project ||
            (!publish->user_id.empty() && publish->user_id != client.user_id) ||
            !run_.ledger.MustBeStored(walk.home(), told.id, client.events[at].at_us) ||
            run_.ledger.At(walk.home(), told.id) != nullptr ||
            !run_.ledger.CopiesOf(told.tag).empty()) {
          continue;
        }
        Complain(*publish, walk.home(), told.id,
                 "client " + Plain(client.name) + " was told " + std::to_string(told.id) +
                     ", which is not in the store",
                 LineOf(*publish) + LinesAround(client, at));
      }
    }
  }

  // Once for each.
  void Complain(const Publish& publish, Partition home, EntryId id, std::string what,
                std::string lines) {
    if (!missing_.emplace(&publish, home).second) {
      return;
    }
    run_.report({Clause::kDurable, std::move(what), {id}, std::move(lines)});
  }

  const Case& run_;
  Judged judged_;
  std::set<std::pair<const Publish*, Partition>> missing_;
};

}  // namespace

Judged JudgeDurable(const Case& run) { return DurableRule(run).Judge(); }

}  // namespace belfry::test
