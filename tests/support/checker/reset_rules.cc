// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/reset_rules.h"

#include <algorithm>
#include <utility>

namespace belfry::test {
namespace {

using Fault = std::optional<ResetFault>;

std::string Text(EntryId id) { return std::to_string(id); }

Fault FaultOfAhead(const ResetCase& reset) {
  const auto known = std::find_if(reset.feed.begin(), reset.feed.end(), [&](const Committed& one) {
    return one.id >= reset.position && one.publish != nullptr &&
           one.publish->outcome == Publish::Outcome::kAcknowledged &&
           one.publish->answered_us < reset.opened_us;
  });
  if (known != reset.feed.end()) {
    return ResetFault{"cursor " + Text(reset.position) + " is called ahead, but " +
                          Text(known->id) + " was acknowledged before",
                      {known->id}};
  }
  if (reset.event.cursor >= reset.position) {
    return ResetFault{"cursor " + Text(reset.position) + " is called ahead, but the log had " +
                          Text(reset.event.cursor),
                      {reset.event.cursor}};
  }
  return std::nullopt;
}

Fault FaultOfPassed(const ResetCase& reset) {
  const EntryId oldest = reset.event.oldest;
  if (oldest <= reset.position) {
    return ResetFault{"the window is said to have passed " + Text(reset.position) +
                          ", but the oldest is " + Text(oldest),
                      {oldest}};
  }
  const StoredLog* log = reset.ledger.LogOf(reset.home);
  if (log != nullptr && oldest > log->floor) {
    return ResetFault{"the oldest is said to be " + Text(oldest) + ", but the log's floor is " +
                          Text(log->floor) + ": nothing after it is gone",
                      {oldest, log->floor}};
  }
  if (reset.event.cursor < oldest) {
    return ResetFault{
        "it goes on at " + Text(reset.event.cursor) + ", below the oldest " + Text(oldest),
        {reset.event.cursor, oldest}};
  }
  return std::nullopt;
}

// The first lost interval that the reset can be about: a client in it or before it had to be
// told. Null if there is none.
const std::pair<EntryId, EntryId>* LostBy(const ResetCase& reset, const StoredLog& log) {
  const auto found = std::find_if(log.lost.begin(), log.lost.end(), [&](const auto& interval) {
    return reset.position < interval.second;
  });
  return found == log.lost.end() ? nullptr : &*found;
}

Fault FaultOfLost(const ResetCase& reset) {
  const EntryId goes_on = reset.event.cursor;
  if (goes_on <= reset.position) {
    return ResetFault{"it goes on at " + Text(goes_on) + ", not after " + Text(reset.position),
                      {goes_on, reset.position}};
  }
  const StoredLog* log = reset.ledger.LogOf(reset.home);
  if (log == nullptr) {
    return std::nullopt;
  }
  const auto* lost = LostBy(reset, *log);
  if (lost == nullptr || goes_on < lost->second) {
    return ResetFault{"(" + Text(reset.position) + ", " + Text(goes_on) +
                          "] is said to be lost, but the store has lost nothing in it",
                      {reset.position, goes_on}};
  }
  // What lies before the loss is there, and had to be delivered first.
  for (const Committed& one : reset.feed) {
    const bool skipped = reset.position < one.id && one.id <= lost->first && one.id > log->floor &&
                         one.stored != nullptr;
    if (!skipped || one.MayBeLeftOut(reset.event.at_us)) {
      continue;
    }
    return ResetFault{"it covers " + Text(one.id) + " too, which lies before what was lost, (" +
                          Text(lost->first) + ", " + Text(lost->second) + "]",
                      {one.id}};
  }
  return std::nullopt;
}

}  // namespace

Fault FaultOf(const ResetCase& reset) {
  if (reset.event.text == "cursor_ahead") {
    return FaultOfAhead(reset);
  }
  if (reset.event.text == "window_passed") {
    return FaultOfPassed(reset);
  }
  if (reset.event.text == "history_lost") {
    return FaultOfLost(reset);
  }
  return ResetFault{"a reset with an unknown reason " + Quoted(reset.event.text), {}};
}

}  // namespace belfry::test
