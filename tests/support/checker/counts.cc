// SPDX-License-Identifier: Apache-2.0
// Counts are right: at the position that a client received with a count, a walk over the feed
// counts as much.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

class CountsRule {
 public:
  explicit CountsRule(const Case& run) : run_(run) {}

  Judged Judge() {
    for (const ClientHistory& client : run_.history.clients) {
      const Partition home = run_.ledger.HomeOf(client.project, client.user_id);
      if (const StoredLog* log = run_.ledger.LogOf(home); log != nullptr) {
        const std::vector<EntryId> feed = FeedOf(client, *log);
        std::int64_t opened_us = 0;
        for (std::size_t at = 0; at < client.events.size(); ++at) {
          const StreamEvent& event = client.events[at];
          if (event.kind == StreamEvent::Kind::kOpened) {
            opened_us = event.at_us;
          }
          if (event.unread >= 0) {
            JudgeCount(client, at, *log, feed, opened_us);
          }
        }
      }
    }
    return judged_;
  }

 private:
  // The ids of all notifications that were ever kept in the client's feed.
  std::vector<EntryId> FeedOf(const ClientHistory& client, const StoredLog& log) const {
    std::set<EntryId> ids;
    for (const auto* entries : {&log.entries, &log.retired}) {
      for (const Stored& entry : *entries) {
        if (!entry.tag.empty() && entry.project == client.project &&
            (entry.user_id.empty() || entry.user_id == client.user_id) &&
            !run_.ledger.IsLost(log.partition, entry.id)) {
          ids.insert(entry.id);
        }
      }
    }
    return {ids.begin(), ids.end()};
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

  void JudgeCount(const ClientHistory& client, std::size_t at, const StoredLog& log,
                  const std::vector<EntryId>& feed, std::int64_t opened_us) {
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
    std::string right;
    for (const EntryId floor : FloorsIn(log, opened_us, event.at_us)) {
      const auto above = std::upper_bound(feed.begin(), feed.end(), floor);
      const auto end = std::upper_bound(feed.begin(), feed.end(), event.up_to);
      const std::int64_t count = std::max<std::int64_t>(0, end - above);
      if (count == event.unread) {
        return;
      }
      right += (right.empty() ? "" : " or ") + std::to_string(count);
    }
    run_.report({Clause::kCounts,
                 "client " + Plain(client.name) + " received the count " +
                     std::to_string(event.unread) + " at " + std::to_string(event.up_to) +
                     ", and " + right + " are unread",
                 {event.up_to},
                 LinesAround(client, at)});
  }

  const Case& run_;
  Judged judged_;
};

}  // namespace

Judged JudgeCounts(const Case& run) { return CountsRule(run).Judge(); }

}  // namespace belfry::test
