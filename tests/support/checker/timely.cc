// SPDX-License-Identifier: Apache-2.0
// Timely: see CheckOptions::timely.
#include <algorithm>
#include <string>

#include "tests/support/checker/deadlines.h"
#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/rules.h"

namespace belfry::test {
namespace {

std::string Millis(std::int64_t micros) { return std::to_string(micros / 1000) + " ms"; }

class TimelyRule {
 public:
  explicit TimelyRule(const Case& run)
      : run_(run),
        bound_us_(run.options.timely.count()),
        deadlines_(run.history.troubles, run.options.timely, run.options.recovery) {}

  Judged Judge() {
    for (const auto& walk : run_.walks) {
      for (const Committed& committed : walk->feed()) {
        JudgeExpiry(*walk, committed);
        const Publish* publish = committed.publish;
        if (publish != nullptr && publish->outcome == Publish::Outcome::kAcknowledged) {
          JudgeDelivery(*walk, committed);
        }
      }
    }
    return judged_;
  }

 private:
  void JudgeDelivery(const ClientWalk& walk, const Committed& committed) {
    const std::int64_t answered = committed.publish->answered_us;
    const ClientWalk::Connection* connection = UpAt(walk, answered);
    if (connection == nullptr || committed.id <= connection->from) {
      return;
    }
    const auto told = walk.ToldAt(committed.id);
    const std::int64_t deadline = DeadlineOf(answered, connection->up_us);
    if (told && *told <= deadline) {
      ++judged_.count;
      return;
    }
    const std::int64_t expires = committed.expires_us();
    if (connection->down_us <= deadline ||
        (!told && (committed.taken_away || MayBeMuted(walk, committed))) ||
        (expires != 0 && expires <= deadline) || deadline > run_.ledger.end_us()) {
      ++judged_.excused;
      return;
    }
    ++judged_.count;
    const std::string id = std::to_string(committed.id);
    run_.report({Clause::kTimely,
                 "client " + Plain(walk.client().name) + ": " + id + " was acknowledged at " +
                     Millis(answered) + ", due by " + Millis(deadline) + " and delivered " +
                     (told ? "at " + Millis(*told) : "never"),
                 {committed.id},
                 committed.Lines() + LinesWhere(walk.client(), committed.id)});
  }

  // A broadcast that the store says it has lost: whether its user had muted the kind may be lost
  // too.
  bool MayBeMuted(const ClientWalk& walk, const Committed& committed) const {
    const auto& client = walk.client();
    return committed.stored == nullptr && committed.publish->user_id.empty() &&
           run_.ledger.IsLost(run_.ledger.HomeOf(client.project, client.user_id), committed.id);
  }

  // What was still good when it was delivered is with the client within the bound.
  void JudgeExpiry(const ClientWalk& walk, const Committed& committed) const {
    const std::int64_t expires = committed.expires_us();
    const auto told = walk.LastToldAt(committed.id);
    if (expires == 0 || !told) {
      return;
    }
    // A stream that had just come up when it expired gets the time that such a stream gets.
    const ClientWalk::Connection* connection = UpAt(walk, *told);
    const bool was_up = connection != nullptr && connection->up_us <= expires;
    if (*told <= (was_up ? DeadlineOf(expires, connection->up_us) : deadlines_.Of(expires))) {
      return;
    }
    run_.report({Clause::kTimely,
                 "client " + Plain(walk.client().name) + ": " + std::to_string(committed.id) +
                     " expired at " + Millis(expires) + " and was delivered at " + Millis(*told),
                 {committed.id},
                 committed.Lines() + LinesWhere(walk.client(), committed.id)});
  }

  // The connection that was up then; null if none was.
  static const ClientWalk::Connection* UpAt(const ClientWalk& walk, std::int64_t at_us) {
    const auto& up = walk.up();
    const auto after = std::upper_bound(
        up.begin(), up.end(), at_us,
        [](std::int64_t at, const ClientWalk::Connection& one) { return at < one.up_us; });
    if (after == up.begin()) {
      return nullptr;
    }
    const auto& last = *std::prev(after);
    return at_us < last.down_us ? &last : nullptr;
  }

  std::int64_t DeadlineOf(std::int64_t answered_us, std::int64_t up_us) const {
    std::int64_t deadline = answered_us + bound_us_;
    if (up_us + bound_us_ > answered_us) {
      deadline = up_us + 2 * bound_us_;
    }
    return deadlines_.Moved(answered_us, deadline);
  }

  const Case& run_;
  const std::int64_t bound_us_;
  const Deadlines deadlines_;
  Judged judged_;
};

}  // namespace

Judged JudgeTimely(const Case& run) {
  return run.options.timely.count() > 0 ? TimelyRule(run).Judge() : Judged{};
}

}  // namespace belfry::test
