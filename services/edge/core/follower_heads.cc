// SPDX-License-Identifier: Apache-2.0
// The other half of Follower: where the store stands, losses, time. See follower.cc for entries.
#include <algorithm>
#include <string>
#include <utility>

#include "services/edge/core/follower.h"

namespace belfry::edge {

void Follower::MarkLost(Partition partition, std::string_view why) {
  Followed& followed = partitions_[partition];
  if (!followed.lost) {
    log_.Warn("lost the log",
              {{"partition", partition}, {"position", followed.log->position()}, {"why", why}});
    followed.lost = true;
    followed.asked_since_lost = false;
  }
}

void Follower::Jump(Partition partition, EntryId to, std::string_view why, SteadyTime now) {
  Followed& followed = partitions_[partition];
  log_.Warn(
      "jump to the store's head; streams ask for what they missed",
      {{"partition", partition}, {"from", followed.log->position()}, {"to", to}, {"why", why}});
  metrics_.gaps.Add();
  followed.log->DropHeld(room_);
  std::vector<SentEntry> none;
  followed.log->MoveTo(to, room_, none);
  followed.known = followed.vouched = to;
  followed.target = 0;
  followed.discard_fill = true;
  followed.lost = false;
  followed.chasing = false;
  DeliverPosition(partition, to, true, now);
}

void Follower::OnHeads(Result<Heads> heads, SteadyTime now) {
  asking_ = false;
  if (!heads.ok()) {
    NoteStore(false, &heads.error(), now);
    metrics_.heads_failures.Add();
    ask_allowed_ = now + ask_backoff_.Next();
    return;
  }
  NoteStore(true, nullptr, now);
  ask_backoff_.Reset();
  ask_allowed_ = now + options_.retry_min;
  if (partitions_.empty() && heads->partitions > 0) {
    history_id_ = heads->history_id;
    partitions_.reserve(heads->partitions);
    for (Partition i = 0; i < heads->partitions; ++i) {
      partitions_.emplace_back(options_, options_.seed + 1 + i);
    }
    log_.Info("follow", {{"partitions", heads->partitions}, {"history", history_id_}});
    port_.Started(heads->partitions);
  }
  if (partitions_.empty() || heads->partitions != partitions_.size()) {
    repartitioned_ = repartitioned_ || !partitions_.empty();
    return;
  }
  const bool other_history = heads->history_id != history_id_;
  history_id_ = heads->history_id;
  for (const PartitionHead& head : heads->heads) {
    if (head.partition < partitions_.size()) {
      TakeHead(head, other_history, now);
    }
  }
  FillSome(now);
}

void Follower::TakeHead(const PartitionHead& head, bool other_history, SteadyTime now) {
  Followed& followed = partitions_[head.partition];
  if (!followed.log) {
    followed.log.emplace(head.last_id);
    followed.known = followed.vouched = head.last_id;
    followed.last_digest = now;
    DeliverPosition(head.partition, head.last_id, false, now);
    return;
  }
  if (other_history) {
    Jump(head.partition, head.last_id, "the store has another history", now);
  } else if (followed.lost && followed.asked_since_lost) {
    Jump(head.partition, head.last_id, "what follows our position is gone", now);
  } else if (head.last_id < followed.position_at_ask) {
    Jump(head.partition, head.last_id, "the store's log ends before our position", now);
  } else {
    followed.vouched = std::max(followed.vouched, head.last_id);
    Learn(followed, head.last_id, now);
  }
}

void Follower::OnTick(SteadyTime now) {
  FillSome(now);
  AskIfDue(now);
  const State current = state(now);
  metrics_.held_bytes.Set(static_cast<double>(current.held_bytes));
  metrics_.lag_seconds.Set(std::chrono::duration<double>(current.lag).count());
  metrics_.silent.Set(current.silent ? 1 : 0);
}

bool Follower::AskDue(SteadyTime now) const {
  if (asking_ || now < ask_allowed_) {
    return false;
  }
  const auto behind = [](const Followed& followed) { return !followed.log || followed.lost; };
  if (partitions_.empty() || std::any_of(partitions_.begin(), partitions_.end(), behind)) {
    return true;
  }
  const auto silent = [&](const Followed& followed) { return Silent(followed, now); };
  const bool wanted =
      want_heads_ || store_failing_ || std::any_of(partitions_.begin(), partitions_.end(), silent);
  return now >= asked_at_ + (wanted ? options_.ask_every : options_.check_every);
}

void Follower::AskIfDue(SteadyTime now) {
  if (!AskDue(now)) {
    return;
  }
  asking_ = true;
  asked_at_ = now;
  want_heads_ = false;
  for (Followed& followed : partitions_) {
    followed.asked_since_lost = followed.lost;
    followed.position_at_ask = followed.log ? followed.log->position() : 0;
  }
  port_.ReadHeads();
}

void Follower::NoteStore(bool answered, const Error* error, SteadyTime now) {
  if (answered) {
    store_seen_ = now;
    if (std::exchange(store_failing_, false)) {
      log_.Info("the store answers again");
    }
  } else if (!std::exchange(store_failing_, true)) {
    log_.Warn("the store does not answer; trying on", {{"error", *error}});
  }
}

Follower::State Follower::state(SteadyTime now) const {
  State state;
  state.partitions = static_cast<Partition>(partitions_.size());
  state.following = !partitions_.empty();
  for (const Followed& followed : partitions_) {
    if (!followed.log) {
      state.following = false;
      continue;
    }
    state.silent = state.silent || Silent(followed, now);
    if (followed.target > followed.log->position()) {
      state.lag = std::max(state.lag, now - followed.target_since);
    }
  }
  state.held_bytes = options_.held_bytes_max - room_;
  state.store_seen = store_seen_;
  state.store_failing = store_failing_;
  state.repartitioned = repartitioned_;
  return state;
}

}  // namespace belfry::edge
