// SPDX-License-Identifier: Apache-2.0
// Monotonic: ids only grow, stand for one content each, and are linked without a break.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

// A moment at which the store is known to have reached an id.
struct Seen {
  std::int64_t at_us;
  EntryId id;
  Source source;
};

struct Asked {
  const Publish* publish;
  EntryId id;
};

class MonotonicRule {
 public:
  explicit MonotonicRule(const Case& run) : run_(run) {}

  Judged Judge() {
    for (const Publish& publish : run_.history.publishes) {
      TakePublish(publish);
    }
    for (const StoredLog& log : run_.history.stored) {
      for (const Stored& entry : log.entries) {
        TakeStored(entry);
      }
    }
    for (const auto& walk : run_.walks) {
      TakeClient(*walk);
    }
    for (const StoredLog& log : run_.history.stored) {
      JudgeLinks(log);
    }
    JudgeOrder();
    return {contents_.size(), 0};
  }

 private:
  // What an id was first seen to stand for.
  struct Content {
    const Publish* publish;
    Source source;
  };

  void TakePublish(const Publish& publish) {
    if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) {
      return;
    }
    for (const Partition home : run_.ledger.HomesOf(publish)) {
      const EntryId id = run_.ledger.IdIn(home, publish);
      asked_.push_back({&publish, id});
      seen_.push_back({publish.answered_us, id, {.publish = &publish}});
      Take(home, id, publish, {});
    }
  }

  void TakeStored(const Stored& entry) {
    const Publish* publish = run_.ledger.ByTag(entry.tag);
    if (publish != nullptr) {
      Take(entry.partition, entry.id, *publish, {.stored = &entry});
    }
  }

  void TakeClient(const ClientWalk& walk) {
    const ClientHistory& client = walk.client();
    for (std::size_t at = 0; at < client.events.size(); ++at) {
      const StreamEvent& event = client.events[at];
      if (event.kind == StreamEvent::Kind::kOpened) {
        continue;  // what a client claims
      }
      const Source source{.client = &client, .at = at};
      if (event.cursor != 0) {
        seen_.push_back({event.at_us, event.cursor, source});
      }
      for (const Told& told : event.told) {
        const Publish* publish = run_.ledger.ByTag(told.tag);
        // What is not the client's own says nothing about its partition.
        if (publish == nullptr || publish->project != client.project ||
            (!publish->user_id.empty() && publish->user_id != client.user_id)) {
          continue;
        }
        Take(walk.home(), told.id, *publish, source);
      }
    }
  }

  void Take(Partition home, EntryId id, const Publish& publish, const Source& source) {
    known_.emplace(home, id);
    const auto [known, first] = contents_.try_emplace(id, Content{&publish, source});
    const Content& content = known->second;
    if (first || content.publish == &publish) {
      return;
    }
    if (!doubled_.emplace(id, std::minmax(content.publish, &publish)).second) {
      return;
    }
    run_.report(
        {Clause::kMonotonic,
         "id " + std::to_string(id) + " names two: " + Quoted(content.publish->tag) + " and " +
             Quoted(publish.tag),
         {id},
         LineOf(*content.publish) + content.source.Lines() + LineOf(publish) + source.Lines()});
  }

  void JudgeLinks(const StoredLog& log) {
    const Stored* before = nullptr;
    for (const Stored& entry : log.entries) {
      const EntryId last = before == nullptr ? log.floor : before->id;
      const auto complain = [&](const std::string& what) {
        run_.report({Clause::kMonotonic,
                     "partition " + std::to_string(log.partition) + ": " +
                         std::to_string(entry.id) + " " + what + " " + std::to_string(last),
                     {entry.id, last},
                     (before == nullptr ? "" : LineOf(*before)) + LineOf(entry)});
      };
      const bool has_link = before != nullptr || entry.id > log.floor;
      if (before != nullptr && entry.id <= last) {
        complain("is stored after");
      } else if (run_.ledger.IsLost(log.partition, entry.id)) {
        complain("was given again: it lies in what was lost after");
      } else if (has_link && !Follows(log, entry, last)) {
        complain("is linked to " + std::to_string(entry.prev) + ", not to");
      }
      before = &entry;
    }
  }

  // Whether the entry's link leads to the one before it, or to the end of what was lost in between.
  // The clause "durable" already misses one that was acknowledged or delivered.
  bool Follows(const StoredLog& log, const Stored& entry, EntryId last) const {
    const EntryId prev = entry.prev;
    if (prev == last) {
      return true;
    }
    if (last < prev && prev < entry.id && known_.contains({log.partition, prev})) {
      return true;
    }
    for (const auto& [from, to] : log.lost) {
      if (from <= last && last < to) {
        last = to;
      }
    }
    return prev == last;
  }

  // What was asked for after an id had been seen, in whatever partition, is greater.
  void JudgeOrder() {
    std::stable_sort(seen_.begin(), seen_.end(),
                     [](const Seen& a, const Seen& b) { return a.at_us < b.at_us; });
    std::stable_sort(asked_.begin(), asked_.end(), [](const Asked& a, const Asked& b) {
      return a.publish->asked_us < b.publish->asked_us;
    });
    const Seen* greatest = nullptr;
    auto next = seen_.begin();
    for (const auto& [publish, id] : asked_) {
      for (; next != seen_.end() && next->at_us < publish->asked_us; ++next) {
        if (greatest == nullptr || next->id > greatest->id) {
          greatest = &*next;
        }
      }
      if (greatest == nullptr || id > greatest->id) {
        continue;
      }
      // The same id for two is reported above.
      const bool acknowledged = greatest->source.publish != nullptr;
      if (id == greatest->id && acknowledged) {
        continue;
      }
      run_.report({Clause::kMonotonic,
                   "asked for after " + std::to_string(greatest->id) + " was " +
                       (acknowledged ? "acknowledged" : "a cursor") + ", but got the id " +
                       std::to_string(id),
                   {id, greatest->id},
                   greatest->source.Lines() + LineOf(*publish)});
    }
  }

  const Case& run_;
  std::map<EntryId, Content> contents_;
  std::set<std::pair<Partition, EntryId>> known_;
  std::vector<Asked> asked_;
  std::vector<Seen> seen_;
  std::set<std::pair<EntryId, std::pair<const Publish*, const Publish*>>> doubled_;
};

}  // namespace

Judged JudgeMonotonic(const Case& run) { return MonotonicRule(run).Judge(); }

}  // namespace belfry::test
