// SPDX-License-Identifier: Apache-2.0
// Honest failure: what was rejected is not stored, what is stored was asked for, one key is one id.
// What clients received of it is judged by their walks.
#include <map>
#include <set>
#include <string>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

// The id that one idempotency key has: a broadcast's copies share their broadcast's.
template <typename Notification>
EntryId KeyIdOf(const Notification& one) {
  return one.broadcast_id != 0 ? one.broadcast_id : one.id;
}

// Which ids each publish was seen with, and where first. What the store says it lost is
// left out: a retry after the loss rightly got a new one.
class KeyIds {
 public:
  explicit KeyIds(const Case& run) : run_(run) {
    for (const Publish& publish : run.history.publishes) {
      const Partition home = run.ledger.HomesOf(publish).front();
      for (const EntryId id : publish.ids) {
        if (!run.ledger.IsLost(home, id)) {
          ids_[&publish].try_emplace(id);
        }
      }
    }
    for (const StoredLog& log : run.history.stored) {
      for (const Stored& entry : log.entries) {
        Add(entry.tag, KeyIdOf(entry), {.stored = &entry});
      }
    }
    for (const auto& walk : run.walks) {
      AddTold(*walk);
    }
  }

  void Judge() const {
    for (const auto& [publish, ids] : ids_) {
      if (ids.size() < 2) {
        continue;
      }
      Violation violation{
          Clause::kHonest,
          Quoted(publish->tag) + " was stored more than once under one idempotency key",
          {},
          LineOf(*publish)};
      for (const auto& [id, source] : ids) {
        violation.ids.push_back(id);
        violation.excerpt += source.Lines();
      }
      run_.report(std::move(violation));
    }
  }

 private:
  void AddTold(const ClientWalk& walk) {
    const ClientHistory& client = walk.client();
    for (std::size_t at = 0; at < client.events.size(); ++at) {
      for (const Told& told : client.events[at].told) {
        if (run_.ledger.IsLost(walk.home(), told.id)) {
          continue;
        }
        Add(told.tag, KeyIdOf(told), {.client = &client, .at = at});
      }
    }
  }
  void Add(const std::string& tag, EntryId id, const Source& source) {
    const Publish* publish = run_.ledger.ByTag(tag);
    if (publish != nullptr) {
      ids_[publish].emplace(id, source);
    }
  }

  const Case& run_;
  std::map<const Publish*, std::map<EntryId, Source>> ids_;
};

void JudgeStored(const Case& run) {
  std::set<std::pair<Partition, std::string>> copies;
  for (const StoredLog& log : run.history.stored) {
    for (const Stored& entry : log.entries) {
      if (entry.tag.empty()) {
        continue;
      }
      const Publish* publish = run.ledger.ByTag(entry.tag);
      const auto complain = [&](const std::string& what) {
        run.report({Clause::kHonest,
                    std::to_string(entry.id) + " is stored in partition " +
                        std::to_string(log.partition) + what,
                    {entry.id},
                    (publish == nullptr ? "" : LineOf(*publish)) + LineOf(entry)});
      };
      if (publish == nullptr) {
        // Where an acknowledged one should be, it is that one's content that is gone: durable.
        if (run.ledger.PromisedAt(log.partition, entry.id) == nullptr) {
          complain(", but nobody published it");
        }
      } else if (publish->outcome == Publish::Outcome::kRejected) {
        complain(", but had been rejected");
      } else if (!copies.emplace(log.partition, entry.tag).second && entry.broadcast_id != 0) {
        complain(", a second copy of one broadcast");
      }
    }
  }
}

}  // namespace

Judged JudgeHonest(const Case& run) {
  KeyIds(run).Judge();
  JudgeStored(run);
  return {run.history.publishes.size(), 0};
}

}  // namespace belfry::test
