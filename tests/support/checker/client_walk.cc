// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/client_walk.h"

#include <algorithm>
#include <limits>

#include "tests/support/checker/excerpt.h"
#include "tests/support/checker/reset_rules.h"

namespace belfry::test {
namespace {

constexpr EntryId kEveryId = std::numeric_limits<EntryId>::max();
constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

}  // namespace

ClientWalk::ClientWalk(const ClientHistory& client, const Ledger& ledger,
                       const CheckOptions& options, const Report& report)
    : client_(client),
      ledger_(ledger),
      options_(options),
      report_(report),
      home_(ledger.HomeOf(client.project, client.user_id)),
      feed_(ledger.OfFeed(client.project, client.user_id)) {}

void ClientWalk::Run() {
  for (std::size_t at = 0; at < client_.events.size(); ++at) {
    const StreamEvent& event = client_.events[at];
    switch (event.kind) {
      case StreamEvent::Kind::kOpened:
        OnOpened(event);
        break;
      case StreamEvent::Kind::kConnected:
        OnConnected(event, at);
        break;
      case StreamEvent::Kind::kNotification:
        OnNotification(event, at);
        break;
      case StreamEvent::Kind::kState:
      case StreamEvent::Kind::kBookmark:
        RequireResetIfSkipped(at);
        MoveTo(event, at);
        break;
      case StreamEvent::Kind::kReset:
        OnReset(event, at);
        break;
      case StreamEvent::Kind::kBye:
      case StreamEvent::Kind::kRefused:
      case StreamEvent::Kind::kClosed:
        GoDown(event.at_us);
        break;
    }
  }
  if (!client_.left && reached_) {
    JudgeUntold(*reached_, kEveryId, ledger_.end_us(), "was never delivered");
    covered_.emplace_back(*reached_, kEveryId);
  }
}

void ClientWalk::OnOpened(const StreamEvent& event) {
  GoDown(event.at_us);
  ++counts_.connections;
  counts_.resumed += event.resumed;
  asked_ = event.cursor;
  resumed_ = event.resumed;
  opened_us_ = event.at_us;
  skipped_ = false;
  positioned_ = false;
  last_told_ = 0;
  // A client that comes with another cursor than its last one has chosen to: it receives what comes
  // after that, again if need be.
  if (resumed_) {
    Stand(asked_);
  }
}

void ClientWalk::OnConnected(const StreamEvent& event, std::size_t at) {
  if (event.text != client_.user_id) {
    Complain(Clause::kIsolated, "was connected as " + Quoted(event.text), {}, at);
  }
  GoUp(event.at_us, resumed_ ? asked_ : event.cursor);
  if (resumed_) {
    skipped_ = event.cursor != asked_;
    return;
  }
  if (reached_) {
    JudgeUntold(*reached_, event.cursor, event.at_us, "fell between two connections:");
  }
  Stand(event.cursor);
}

void ClientWalk::OnNotification(const StreamEvent& event, std::size_t at) {
  RequireResetIfSkipped(at);
  for (const Told& told : event.told) {
    JudgeTold(told, at);
  }
  if (event.cursor == 0) {
    Complain(Clause::kOrdered, "a notification without an id line", {}, at);
    return;
  }
  if (!event.told.empty() && event.cursor < event.told.back().id) {
    Complain(Clause::kOrdered,
             "cursor " + std::to_string(event.cursor) + " is behind the notification it comes with",
             {event.told.back().id}, at);
  }
  MoveTo(event, at);
}

void ClientWalk::JudgeTold(const Told& told, std::size_t at) {
  ++counts_.told;
  JudgeRepeat(told, at);
  last_told_ = std::max(last_told_, told.id);
  const std::size_t now = counts_.connections;
  const std::int64_t at_us = client_.events[at].at_us;
  const auto [telling, first] = tellings_.emplace(told.id, Telling{at_us, at_us, now, now});
  telling->second.last_us = at_us;
  telling->second.last = now;
  JudgeContent(told, at);
}

void ClientWalk::JudgeRepeat(const Told& told, std::size_t at) {
  if (!positioned_ || told.id == 0 || told.id > last_told_) {
    return;
  }
  const auto earlier = tellings_.find(told.id);
  if (earlier != tellings_.end() && earlier->second.last != counts_.connections &&
      told.id <= begin_) {
    Complain(Clause::kResumable,
             "id " + std::to_string(told.id) + " was told on connection " +
                 std::to_string(earlier->second.first) + " and again on " +
                 std::to_string(counts_.connections) + ", which began after it",
             {told.id}, at);
    return;
  }
  Complain(Clause::kOrdered,
           "id " + std::to_string(told.id) + " came after " + std::to_string(last_told_),
           {told.id, last_told_}, at);
}

void ClientWalk::JudgeContent(const Told& told, std::size_t at) {
  const Publish* publish = ledger_.ByTag(told.tag);
  if (publish == nullptr) {
    Complain(Clause::kHonest, Quoted(told.tag) + " was told but nobody published it", {told.id},
             at);
    return;
  }
  const bool mine = publish->project == client_.project && told.project == client_.project &&
                    told.user_id == publish->user_id &&
                    (publish->user_id.empty() || publish->user_id == client_.user_id);
  if (!mine) {
    Complain(Clause::kIsolated, "was told " + std::to_string(told.id) + ", which is not its own",
             {told.id}, at, LineOf(*publish));
  }
  // What was stored, delivered and then lost may be rejected afterwards: the store no longer has
  // it.
  if (publish->outcome == Publish::Outcome::kRejected && !ledger_.IsLost(home_, told.id)) {
    Complain(Clause::kHonest, "was told " + std::to_string(told.id) + ", which had been rejected",
             {told.id}, at, LineOf(*publish));
  }
}

void ClientWalk::MoveTo(const StreamEvent& event, std::size_t at) {
  if (event.cursor == 0) {
    return;
  }
  if (!positioned_) {
    return Stand(event.cursor);
  }
  if (event.cursor < position_) {
    Complain(Clause::kOrdered,
             "the cursor went back from " + std::to_string(position_) + " to " +
                 std::to_string(event.cursor),
             {position_, event.cursor}, at);
    return;
  }
  JudgePassed(event, at);
  position_ = event.cursor;
  last_told_ = std::max(last_told_, event.cursor);
  reached_ = covered_.back().second = event.cursor;
}

void ClientWalk::JudgePassed(const StreamEvent& event, std::size_t at) {
  for (const Committed& passed : Between(position_, event.cursor)) {
    const auto telling = tellings_.find(passed.id);
    if (telling != tellings_.end() && telling->second.last == counts_.connections) {
      ++counts_.passed;
      continue;
    }
    if (ledger_.IsLost(home_, passed.id)) {
      continue;  // see below
    }
    if (passed.MayBeLeftOut(event.at_us)) {
      ++counts_.expired;
      continue;
    }
    ++counts_.passed;
    complained_.insert(passed.id);
    Complain(Clause::kNoSilentGap,
             "the cursor passed " + std::to_string(passed.id) + " without telling it", {passed.id},
             at, passed.Lines());
  }
  const StoredLog* log = ledger_.LogOf(home_);
  if (log == nullptr) {
    return;
  }
  for (const auto& [from, to] : log->lost) {
    if (position_ >= to || event.cursor < to) {
      continue;
    }
    Complain(Clause::kExplicitLoss,
             "went on from " + std::to_string(position_) + " to " + std::to_string(event.cursor) +
                 " without a reset, though (" + std::to_string(from) + ", " + std::to_string(to) +
                 "] was lost",
             {from, to}, at);
  }
}

void ClientWalk::OnReset(const StreamEvent& event, std::size_t at) {
  ++counts_.resets;
  skipped_ = false;
  if (!options_.resets_allowed) {
    Complain(Clause::kExplicitLoss, "a reset (" + Plain(event.text) + ") though nothing was lost",
             {event.cursor}, at);
  } else if (!positioned_) {
    Complain(Clause::kExplicitLoss, "a reset (" + Plain(event.text) + ") of no cursor at all",
             {event.cursor}, at);
  } else if (auto fault = FaultOf({event, position_, opened_us_, home_, ledger_, feed_})) {
    Complain(Clause::kExplicitLoss, std::move(fault->what), std::move(fault->ids), at);
  }
  Stand(event.cursor);
  if (is_up_) {
    GoUp(event.at_us, event.cursor);
  }
}

void ClientWalk::RequireResetIfSkipped(std::size_t at) {
  if (!skipped_) {
    return;
  }
  skipped_ = false;
  Complain(Clause::kExplicitLoss,
           "asked to go on from " + std::to_string(asked_) + " but was connected elsewhere",
           {asked_}, at);
}

void ClientWalk::JudgeUntold(EntryId from, EntryId to, std::int64_t at_us, const std::string& why) {
  const StoredLog* log = ledger_.LogOf(home_);
  for (const Committed& missed : Between(from, to)) {
    if (tellings_.contains(missed.id) || missed.MayBeLeftOut(at_us)) {
      continue;
    }
    // What is gone by now is for the reset of its next connection.
    if (log != nullptr && (missed.id <= log->floor || ledger_.IsLost(home_, missed.id))) {
      continue;
    }
    if (!complained_.insert(missed.id).second) {
      continue;
    }
    report_({Clause::kResumable,
             "client " + Plain(client_.name) + ": " + why + " " + std::to_string(missed.id),
             {missed.id},
             missed.Lines() + LinesWhere(client_, missed.id)});
  }
}

void ClientWalk::GoUp(std::int64_t at_us, EntryId from) {
  GoDown(at_us);
  is_up_ = true;
  up_.push_back({at_us, kEndOfTime, from});
}

void ClientWalk::GoDown(std::int64_t at_us) {
  if (is_up_) {
    up_.back().down_us = at_us;
  }
  is_up_ = false;
}

void ClientWalk::Stand(EntryId position) {
  positioned_ = true;
  begin_ = position_ = last_told_ = position;
  reached_ = position;
  covered_.emplace_back(position, position);
}

std::span<const Committed> ClientWalk::Between(EntryId from, EntryId to) const {
  const auto after = [](EntryId id, const Committed& committed) { return id < committed.id; };
  const auto begin = std::upper_bound(feed_.begin(), feed_.end(), from, after);
  const auto end = std::upper_bound(begin, feed_.end(), std::max(from, to), after);
  return {begin, end};
}

bool ClientWalk::Covers(EntryId id) const {
  return std::any_of(covered_.begin(), covered_.end(), [id](const Interval& interval) {
    return interval.first < id && id <= interval.second;
  });
}

std::optional<std::int64_t> ClientWalk::ToldAt(EntryId id) const {
  const auto telling = tellings_.find(id);
  if (telling == tellings_.end()) {
    return std::nullopt;
  }
  return telling->second.first_us;
}

std::optional<std::int64_t> ClientWalk::LastToldAt(EntryId id) const {
  const auto telling = tellings_.find(id);
  if (telling == tellings_.end()) {
    return std::nullopt;
  }
  return telling->second.last_us;
}

void ClientWalk::Complain(Clause clause, std::string what, std::vector<EntryId> ids, std::size_t at,
                          const std::string& lines) const {
  report_({clause, "client " + Plain(client_.name) + ": " + std::move(what), std::move(ids),
           lines + LinesAround(client_, at)});
}

}  // namespace belfry::test
