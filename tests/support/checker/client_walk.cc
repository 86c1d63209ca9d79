// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/client_walk.h"

#include <algorithm>

namespace belfry::test {
namespace {

constexpr std::size_t kExcerptBefore = 3;
constexpr std::size_t kExcerptAfter = 2;

}  // namespace

ClientWalk::ClientWalk(const ClientHistory& client, const PublishIndex& index,
                       const CheckOptions& options, const Report& report)
    : client_(client),
      index_(index),
      options_(options),
      report_(report),
      feed_(index.OfFeed(client.project, client.user_id)) {}

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
        break;
    }
  }
}

void ClientWalk::OnOpened(const StreamEvent& event) {
  ++connections_;
  asked_ = event.cursor;
  resumed_ = event.resumed;
  opened_us_ = event.at_us;
  skipped_ = false;
  positioned_ = event.resumed;
  position_ = event.cursor;
  last_told_ = event.cursor;
  if (event.resumed && !started_) {
    started_ = true;
    start_ = furthest_ = event.cursor;
  }
}

void ClientWalk::OnConnected(const StreamEvent& event, std::size_t at) {
  if (event.text != client_.user_id) {
    Complain(Clause::kIsolated, "was connected as '" + event.text + "'", {}, at);
  }
  if (resumed_) {
    skipped_ = event.cursor != asked_;
    return;
  }
  positioned_ = true;
  position_ = last_told_ = event.cursor;
  if (!started_) {
    started_ = true;
    start_ = event.cursor;
  }
  furthest_ = std::max(furthest_, event.cursor);
}

void ClientWalk::OnNotification(const StreamEvent& event, std::size_t at) {
  RequireResetIfSkipped(at);
  for (const Told& told : event.told) JudgeTold(told, at);
  if (event.cursor == 0) {
    Complain(Clause::kOrdered, "a notification without an id line", {}, at);
    return;
  }
  if (!event.told.empty() && event.cursor < event.told.back().id) {
    Complain(Clause::kOrdered,
             "cursor " + std::to_string(event.cursor) + " is behind the notification it stands on",
             {event.told.back().id}, at);
  }
  MoveTo(event, at);
}

void ClientWalk::JudgeTold(const Told& told, std::size_t at) {
  ++told_;
  if (positioned_ && told.id <= last_told_) {
    Complain(Clause::kOrdered,
             "id " + std::to_string(told.id) + " came after " + std::to_string(last_told_),
             {told.id, last_told_}, at);
  }
  last_told_ = std::max(last_told_, told.id);
  const auto [before, first_time] = times_told_.emplace(told.id, connections_);
  if (!first_time && before->second != connections_) {
    Complain(Clause::kResumable,
             "id " + std::to_string(told.id) + " was told on connection " +
                 std::to_string(before->second) + " and again on " + std::to_string(connections_),
             {told.id}, at);
  }

  const Publish* publish = index_.ByTag(told.tag);
  if (publish == nullptr) {
    Complain(Clause::kHonest, "'" + told.tag + "' was told but nobody published it", {told.id}, at);
    return;
  }
  const bool mine = publish->project == client_.project && told.project == client_.project &&
                    told.user_id == publish->user_id &&
                    (publish->user_id.empty() || publish->user_id == client_.user_id);
  if (!mine) {
    Complain(Clause::kIsolated, "was told what is not its own: " + ToString(*publish), {told.id},
             at);
  }
  if (publish->outcome == Publish::Outcome::kRejected) {
    Complain(Clause::kHonest, "was told what had been rejected: " + ToString(*publish), {told.id},
             at);
  }
}

void ClientWalk::MoveTo(const StreamEvent& event, std::size_t at) {
  if (event.cursor == 0) return;
  if (positioned_ && event.cursor < position_) {
    Complain(Clause::kOrdered,
             "the cursor went back from " + std::to_string(position_) + " to " +
                 std::to_string(event.cursor),
             {position_, event.cursor}, at);
    return;
  }
  if (positioned_) {
    auto passed = std::upper_bound(
        feed_.begin(), feed_.end(), position_,
        [](EntryId position, const PublishIndex::Acknowledged& a) { return position < a.id; });
    for (; passed != feed_.end() && passed->id <= event.cursor; ++passed) {
      const EntryId id = passed->id;
      if (std::any_of(event.told.begin(), event.told.end(),
                      [id](const Told& told) { return told.id == id; })) {
        continue;
      }
      Complain(Clause::kNoSilentGap,
               "the cursor passed " + std::to_string(id) +
                   " without telling it: " + ToString(*passed->publish),
               {id}, at);
    }
  }
  positioned_ = true;
  position_ = event.cursor;
  last_told_ = std::max(last_told_, event.cursor);
  furthest_ = std::max(furthest_, event.cursor);
}

void ClientWalk::OnReset(const StreamEvent& event, std::size_t at) {
  ++resets_;
  skipped_ = false;
  if (!options_.resets_allowed) {
    Complain(Clause::kExplicitLoss, "a reset (" + event.text + ") though nothing was lost",
             {event.cursor}, at);
  }
  JudgeResetReason(event, at);
  if (event.cursor > position_) excused_.emplace_back(position_, event.cursor);
  positioned_ = true;
  position_ = last_told_ = event.cursor;
  furthest_ = std::max(furthest_, event.cursor);
}

void ClientWalk::JudgeResetReason(const StreamEvent& event, std::size_t at) {
  if (event.text == "cursor_ahead") {
    const auto known = std::find_if(feed_.begin(), feed_.end(), [&](const auto& acknowledged) {
      return acknowledged.id >= position_ && acknowledged.publish->answered_us < opened_us_;
    });
    if (known != feed_.end()) {
      Complain(Clause::kExplicitLoss,
               "cursor " + std::to_string(position_) + " is called ahead, but " +
                   std::to_string(known->id) + " was acknowledged before",
               {known->id}, at);
    }
  } else if (event.text == "window_passed") {
    if (event.oldest <= position_) {
      Complain(Clause::kExplicitLoss,
               "the window is said to have passed " + std::to_string(position_) +
                   ", but the oldest is " + std::to_string(event.oldest),
               {event.oldest}, at);
    }
  } else if (event.text != "history_lost") {
    Complain(Clause::kExplicitLoss, "a reset with an unknown reason '" + event.text + "'", {}, at);
  }
}

void ClientWalk::RequireResetIfSkipped(std::size_t at) {
  if (!skipped_) return;
  skipped_ = false;
  Complain(Clause::kExplicitLoss,
           "asked to go on from " + std::to_string(asked_) + " but was connected elsewhere",
           {asked_}, at);
}

bool ClientWalk::Covers(EntryId id) const {
  if (!started_ || id <= start_) return false;
  if (client_.left && id > furthest_) return false;
  return std::none_of(excused_.begin(), excused_.end(), [id](const auto& interval) {
    return interval.first < id && id <= interval.second;
  });
}

void ClientWalk::Complain(Clause clause, std::string what, std::vector<EntryId> ids,
                          std::size_t at) const {
  report_({clause, "client " + client_.name + ": " + std::move(what), std::move(ids), Excerpt(at)});
}

std::string ClientWalk::Excerpt(std::size_t at) const {
  std::string text;
  const std::size_t begin = at > kExcerptBefore ? at - kExcerptBefore : 0;
  const std::size_t end = std::min(client_.events.size(), at + kExcerptAfter + 1);
  for (std::size_t i = begin; i < end; ++i) {
    text +=
        (i == at ? "    > " : "      ") + client_.name + " " + ToString(client_.events[i]) + "\n";
  }
  return text;
}

std::string ClientWalk::ExcerptAround(EntryId id) const {
  std::size_t at = 0;
  while (at + 1 < client_.events.size() && client_.events[at].cursor < id) ++at;
  return Excerpt(at);
}

}  // namespace belfry::test
