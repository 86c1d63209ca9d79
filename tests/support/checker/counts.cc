// SPDX-License-Identifier: Apache-2.0
// Counts are right: at the position that a client received with a count, a walk over the feed
// counts as much.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

// One notification of a user, as a plain walk over the log finds it.
struct Item {
  EntryId id = 0;
  std::string_view kind = {};
  bool broadcast = false;
  bool read = false;
  bool archived = false;
  bool gone = false;  // deleted, retracted, replaced or expired
};

void Take(std::vector<Item>& items, const Stored& entry) {
  const StateChange& change = entry.change;
  const auto named = [&](const Item& item) {
    return std::find(change.ids.begin(), change.ids.end(), item.id) != change.ids.end();
  };
  for (Item& item : items) {
    if (item.id >= entry.id) {
      continue;
    }
    const bool below = item.id <= change.up_to && item.kind.starts_with(change.kind);
    switch (change.op) {
      case StateOp::kRead:
        item.read = item.read || named(item);
        break;
      case StateOp::kUnread:
        item.read = item.read && !named(item);
        break;
      case StateOp::kArchive:
        item.read = item.read || named(item);
        item.archived = item.archived || named(item);
        break;
      case StateOp::kUnarchive:
        item.archived = item.archived && !named(item);
        break;
      case StateOp::kReadAll:
        item.read = item.read || below;
        break;
      case StateOp::kArchiveAll:
        if (below && (item.read || !change.only_read)) {
          item.read = item.archived = true;
        }
        break;
      case StateOp::kDelete:
      case StateOp::kRetracted:
      case StateOp::kExpired:
      case StateOp::kReplaced:
        item.gone = item.gone || named(item);
        break;
      case StateOp::kSeen:
      case StateOp::kPreferences:
      case StateOp::kJoin:
      case StateOp::kUnspecified:
        break;
    }
  }
}

bool Counts(const Item& item) { return !item.read && !item.archived && !item.gone; }

class CountsRule {
 public:
  explicit CountsRule(const Case& run) : run_(run) {}

  Judged Judge() {
    for (const ClientHistory& client : run_.history.clients) {
      const Partition home = run_.ledger.HomeOf(client.project, client.user_id);
      if (const StoredLog* log = run_.ledger.LogOf(home); log != nullptr) {
        const Feed feed = FeedOf(client, *log);
        JudgeClient(client, *log, FeedOf(client, *log));
      }
    }
    return judged_;
  }

 private:
  struct Feed {
    std::vector<Item> items = {};  // that were ever kept, by id
    std::vector<const Stored*> changes = {};
    std::set<EntryId> joins = {};  // from when on broadcasts may have been the user's
  };

  Feed FeedOf(const ClientHistory& client, const StoredLog& log) const {
    Feed feed;
    for (const Stored* change : run_.ledger.ChangesOf(client.project, client.user_id)) {
      if (!run_.ledger.IsLost(log.partition, change->id)) {
        feed.changes.push_back(change);
      }
    }
    std::map<EntryId, const Stored*> kept;
    for (const auto* entries : {&log.entries, &log.retired}) {
      for (const Stored& entry : *entries) {
        if (!entry.tag.empty() && entry.project == client.project &&
            (entry.user_id.empty() || entry.user_id == client.user_id) &&
            !run_.ledger.IsLost(log.partition, entry.id) && !Ledger::IsMuted(feed.changes, entry)) {
          kept.emplace(entry.id, &entry);
        }
      }
    }
    for (const auto& [id, entry] : kept) {
      feed.items.push_back({.id = id, .kind = entry->kind, .broadcast = entry->user_id.empty()});
    }
    const std::vector<EntryId> joins = run_.ledger.JoinsOf(client.project, client.user_id);
    feed.joins.insert(joins.begin(), joins.end());
    if (joins.empty()) {
      AddPossibleJoins(client, feed);
    }
    return feed;
  }

  // Nobody looked: the user joined at their first notification, or at a first connection, which was
  // not after this client's.
  static void AddPossibleJoins(const ClientHistory& client, Feed& feed) {
    EntryId latest = 0;
    for (const StreamEvent& event : client.events) {
      if (event.kind == StreamEvent::Kind::kConnected && event.unread >= 0) {
        latest = event.up_to;
        break;
      }
    }
    feed.joins.insert(0);
    for (const Item& item : feed.items) {
      if (item.id > latest) {
        break;
      }
      if (!item.broadcast) {
        feed.joins.insert(item.id - 1);
        break;
      }
      feed.joins.insert(item.id);
    }
  }

  // The floors in force at some time in [from_us, to_us].
  static std::set<EntryId> FloorsIn(const StoredLog& log, std::int64_t from_us,
                                    std::int64_t to_us) {
    std::set<EntryId> floors;
    EntryId before = 0;
    for (const auto& [at_us, floor] : log.floors) {
      if (at_us <= from_us) {
        before = floor;
      } else if (at_us <= to_us) {
        floors.insert(floor);
      }
    }
    floors.insert(before);
    return floors;
  }

  // One walk over the log serves all counts of a client, by their positions.
  void JudgeClient(const ClientHistory& client, const StoredLog& log, const Feed& feed) {
    struct Asked {
      std::size_t at = 0;
      std::int64_t opened_us = 0;
    };
    std::multimap<EntryId, Asked> asked;
    std::int64_t opened_us = 0;
    for (std::size_t at = 0; at < client.events.size(); ++at) {
      const StreamEvent& event = client.events[at];
      if (event.kind == StreamEvent::Kind::kOpened) {
        opened_us = event.at_us;
      }
      if (event.unread >= 0) {
        asked.insert({event.up_to, {at, opened_us}});
      }
    }
    std::vector<Item> items;
    auto item = feed.items.begin();
    auto change = feed.changes.begin();
    for (const auto& [up_to, one] : asked) {
      while (change != feed.changes.end() && (*change)->id <= up_to) {
        for (; item != feed.items.end() && item->id < (*change)->id; ++item) {
          items.push_back(*item);
        }
        Take(items, **change++);
      }
      for (; item != feed.items.end() && item->id <= up_to; ++item) {
        items.push_back(*item);
      }
      JudgeCount(client, one.at, log, feed, items, one.opened_us);
    }
  }

  void JudgeCount(const ClientHistory& client, std::size_t at, const StoredLog& log,
                  const Feed& feed, const std::vector<Item>& items, std::int64_t opened_us) {
    const StreamEvent& event = client.events[at];
    // What was counted then is gone since.
    const bool lost = std::any_of(log.lost.begin(), log.lost.end(), [&](const auto& interval) {
      return interval.first < event.up_to && event.up_to < interval.second;
    });
    const bool floor_unknown = log.floors.empty() && (log.floor > 0 || !log.lost.empty());
    if (lost || floor_unknown || (log.read_us != 0 && event.at_us >= log.read_us)) {
      ++judged_.excused;
      return;
    }
    ++judged_.count;
    std::set<std::int64_t> right;
    // A state that is read again has the counts of when it was committed, above the floor of then.
    const std::int64_t counted_us = event.kind == StreamEvent::Kind::kState ? 0 : opened_us;
    for (const EntryId floor : FloorsIn(log, counted_us, event.at_us)) {
      for (const EntryId joined : feed.joins) {
        right.insert(std::count_if(items.begin(), items.end(), [&](const Item& item) {
          return Counts(item) && item.id > floor && (!item.broadcast || item.id > joined);
        }));
      }
    }
    if (right.contains(event.unread)) {
      return;
    }
    std::string said;
    for (const std::int64_t count : right) {
      said += (said.empty() ? "" : " or ") + std::to_string(count);
    }
    run_.report({Clause::kCounts,
                 "client " + Plain(client.name) + " received the count " +
                     std::to_string(event.unread) + " at " + std::to_string(event.up_to) +
                     ", and " + said + " are unread",
                 {event.up_to},
                 LinesAround(client, at)});
  }

  const Case& run_;
  Judged judged_;
};

}  // namespace

Judged JudgeCounts(const Case& run) { return CountsRule(run).Judge(); }

}  // namespace belfry::test
