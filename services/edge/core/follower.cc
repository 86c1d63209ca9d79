// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/follower.h"

#include <algorithm>
#include <utility>

namespace belfry::edge {

Follower::Follower(const FollowerOptions& options, FollowerPort& port, FollowerMetrics metrics,
                   Log log)
    : shared_{options, port, std::move(metrics), std::move(log), options.held_bytes_max},
      bodies_(options.bodies_bytes_max),
      refusals_(shared_.metrics.refused, shared_.log),
      ask_backoff_(options.retry_min, options.retry_max, options.seed) {}

std::optional<EntryId> Follower::position(Partition partition) const {
  return partition < partitions_.size() ? partitions_[partition].position() : std::nullopt;
}

bool Follower::IsOurs(std::string_view history_id, SteadyTime now) {
  if (partitions_.empty()) {
    return false;  // the store has not said yet which history it has
  }
  if (history_id == history_id_) {
    return true;
  }
  // Either the store has another history since we asked, or somebody replays an old one.
  heads_wanted_ = true;
  refusals_.Note(Refusal::kOtherHistory, now);
  return false;
}

bool Follower::FitsItsUsers(Partition partition, const std::vector<EntryPtr>& entries) const {
  const auto count = static_cast<Partition>(partitions_.size());
  return std::all_of(entries.begin(), entries.end(), [&](const EntryPtr& entry) {
    return entry->user_id.empty() ||
           PartitionOf(entry->project, entry->user_id, count) == partition;
  });
}

void Follower::OnAnnouncedBody(std::string_view history_id, EntryId broadcast_id, Payload body,
                               SteadyTime now) {
  if (IsOurs(history_id, now)) {
    bodies_.Put(broadcast_id, std::move(body));
  }
}

void Follower::OnAnnouncedEntries(std::string_view history_id, Partition partition,
                                  SentEntries sent, SteadyTime now) {
  if (!IsOurs(history_id, now) || !position(partition) || sent.entries.empty()) {
    return;
  }
  if (!FitsItsUsers(partition, sent.entries)) {
    refusals_.Note(Refusal::kMisplaced, now);
    return;
  }
  const EntryId last_id = sent.entries.back()->id;
  if (const std::size_t missing = bodies_.Resolve(sent.entries); missing > 0) {
    shared_.metrics.bodies_missing.Add(static_cast<double>(missing));
  }
  partitions_[partition].OnAnnouncedEntries(sent, last_id, now);
}

void Follower::OnAnnouncedHead(std::string_view history_id, Partition partition, EntryId last_id,
                               std::int64_t sent_us, SteadyTime now) {
  if (!IsOurs(history_id, now) || !position(partition)) {
    return;
  }
  if (!partitions_[partition].NoteHeadSent(sent_us)) {
    refusals_.Note(Refusal::kStale, now);
    return;
  }
  store_seen_ = now;
  const bool before_position = partitions_[partition].OnAnnouncedHead(last_id, now);
  heads_wanted_ = heads_wanted_ || before_position;
}

void Follower::OnOverflow() {
  for (PartitionFollower& partition : partitions_) {
    partition.OnOverflow();
  }
}

void Follower::OnLogRead(Partition partition, Result<SentEntries> sent, SteadyTime now) {
  if (!partitions_[partition].read_stale()) {
    if (sent.ok() || sent.error().code == Code::kOutOfRange) {
      NoteStoreAnswered(now);
    } else {
      NoteStoreFailed(sent.error());
    }
    if (sent.ok()) {
      bodies_.Share(sent->entries);
    }
  }
  partitions_[partition].OnLogRead(sent, now);
  ReadLogs(now);
  AskForHeadsIfDue(now);
}

void Follower::ReadLogs(SteadyTime now) {
  const std::size_t count = partitions_.size();
  for (std::size_t i = 0; i < count && shared_.log_reads < shared_.options.fills_max; ++i) {
    last_reader_ = (last_reader_ + 1) % count;
    partitions_[last_reader_].ReadIfDue(now);
  }
}

void Follower::OnHeadsRead(const Result<Heads>& heads, SteadyTime now) {
  asking_ = false;
  if (!heads.ok()) {
    NoteStoreFailed(heads.error());
    shared_.metrics.heads_failures.Add();
    ask_allowed_ = now + ask_backoff_.Next();
    return;
  }
  NoteStoreAnswered(now);
  ask_backoff_.Reset();
  ask_allowed_ = now + shared_.options.retry_min;
  if (partitions_.empty() && heads->partitions > 0) {
    Begin(*heads);
  }
  if (heads->partitions != partitions_.size()) {
    repartitioned_ = true;
    return;
  }
  const bool other_history = heads->history_id != history_id_;
  if (other_history) {
    history_id_ = heads->history_id;
    bodies_.Clear();
  }
  for (PartitionFollower& partition : partitions_) {
    partition.OnStoreTime(heads->now_us);
  }
  for (const PartitionPosition& head : heads->heads) {
    if (head.partition < partitions_.size()) {
      partitions_[head.partition].OnHeadRead(head, other_history, now);
    }
  }
  ReadLogs(now);
}

void Follower::Begin(const Heads& heads) {
  history_id_ = heads.history_id;
  partitions_.reserve(heads.partitions);
  for (Partition i = 0; i < heads.partitions; ++i) {
    partitions_.emplace_back(i, shared_);
  }
  shared_.log.Info("following the store's logs",
                   {{"partitions", heads.partitions}, {"history", history_id_}});
  shared_.port.Started(heads.partitions);
}

void Follower::OnTick(SteadyTime now) {
  ReadLogs(now);
  AskForHeadsIfDue(now);
  const State current = state(now);
  shared_.metrics.held_bytes.Set(static_cast<double>(current.held_bytes));
  shared_.metrics.lag_seconds.Set(std::chrono::duration<double>(current.lag).count());
  shared_.metrics.silent.Set(current.silent ? 1 : 0);
}

bool Follower::HeadsDue(SteadyTime now) const {
  if (asking_ || now < ask_allowed_) {
    return false;
  }
  const auto needs_head = [](const PartitionFollower& one) { return one.needs_head(); };
  if (partitions_.empty() || std::any_of(partitions_.begin(), partitions_.end(), needs_head)) {
    return true;
  }
  const auto asks = [now](const PartitionFollower& one) {
    return one.silent(now) || one.doubts_head();
  };
  const bool soon =
      heads_wanted_ || store_failing_ || std::any_of(partitions_.begin(), partitions_.end(), asks);
  return now >= asked_at_ + (soon ? shared_.options.ask_every : shared_.options.check_every);
}

void Follower::AskForHeadsIfDue(SteadyTime now) {
  if (!HeadsDue(now)) {
    return;
  }
  asking_ = true;
  asked_at_ = now;
  heads_wanted_ = false;
  for (PartitionFollower& partition : partitions_) {
    partition.OnHeadsAsked();
  }
  shared_.port.ReadHeads();
}

void Follower::NoteStoreAnswered(SteadyTime now) {
  store_seen_ = now;
  if (std::exchange(store_failing_, false)) {
    shared_.log.Info("the store answers again");
  }
}

void Follower::NoteStoreFailed(const Error& error) {
  if (!std::exchange(store_failing_, true)) {
    shared_.log.Warn("the store does not answer; retrying", {{"error", error}});
  }
}

Follower::State Follower::state(SteadyTime now) const {
  State state;
  state.partitions = static_cast<Partition>(partitions_.size());
  state.following = !partitions_.empty();
  for (const PartitionFollower& partition : partitions_) {
    state.following = state.following && partition.placed();
    state.silent = state.silent || partition.silent(now);
    state.lag = std::max(state.lag, partition.lag(now));
  }
  state.held_bytes = shared_.options.held_bytes_max - shared_.room;
  state.store_seen = store_seen_;
  state.store_failing = store_failing_;
  state.repartitioned = repartitioned_;
  return state;
}

}  // namespace belfry::edge
