// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/partition_follower.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace belfry::edge {

PartitionFollower::PartitionFollower(Partition partition, FollowerShared& shared)
    : partition_(partition),
      shared_(shared),
      backoff_(shared.options.retry_min, shared.options.retry_max,
               shared.options.seed + 1 + partition) {}

std::optional<EntryId> PartitionFollower::position() const {
  return placed() ? std::optional(log_.position()) : std::nullopt;
}

bool PartitionFollower::silent(SteadyTime now) const {
  return placed() && now - head_announced_ >= shared_.options.silence;
}

Duration PartitionFollower::lag(SteadyTime now) const {
  return target_ ? now - target_->since : Duration(0);
}

void PartitionFollower::OnAnnouncedEntries(const SentEntries& sent, EntryId last_id,
                                           SteadyTime now) {
  if (!placed()) {
    return;
  }
  Take(sent, true, now);
  Learn(last_id, now);
  ReadIfDue(now);
}

bool PartitionFollower::NoteHeadSent(std::int64_t sent_us) {
  if (sent_us <= head_sent_us_) {
    return false;
  }
  head_sent_us_ = sent_us;
  return true;
}

// A head may be on its way for as long as silence is borne.
void PartitionFollower::OnStoreTime(std::int64_t now_us) {
  if (now_us <= 0) {
    return;
  }
  const std::int64_t late_us =
      std::chrono::duration_cast<std::chrono::microseconds>(shared_.options.silence).count();
  head_sent_us_ = std::clamp(head_sent_us_, now_us - late_us, now_us);
}

bool PartitionFollower::OnAnnouncedHead(EntryId last_id, SteadyTime now) {
  if (!placed()) {
    return false;
  }
  head_announced_ = now;
  const bool before_position = last_id < log_.position();
  Learn(last_id, now);
  ReadIfDue(now);
  return before_position;
}

void PartitionFollower::OnOverflow() { announcements_dropped_ = true; }

void PartitionFollower::Learn(EntryId id, SteadyTime now) {
  announced_up_to_ = std::max(announced_up_to_, id);
  if (announced_up_to_ <= log_.position()) {
    target_.reset();
    announcements_dropped_ = false;
    if (!lost()) {
      state_ = State::kInStep;
    }
    return;
  }
  if (!target_ || target_->id <= log_.position()) {
    target_ = Target{announced_up_to_, now};
  }
  if (state_ == State::kInStep) {
    state_ = State::kBehind;
  }
}

void PartitionFollower::Take(const SentEntries& sent, bool announced, SteadyTime now) {
  std::vector<SentEntry> applied;
  for (const EntryPtr& entry : sent.entries) {
    if (lost()) {
      break;
    }
    switch (log_.Take({entry, sent.store_time_us}, shared_.room, applied)) {
      case PartitionLog::Fate::kApplied:
        announcement_fitted_ = announcement_fitted_ || announced;
        break;
      case PartitionLog::Fate::kRepeat:
        shared_.metrics.repeats.Add();
        break;
      case PartitionLog::Fate::kDropped:
        shared_.metrics.held_dropped.Add();
        [[fallthrough]];
      case PartitionLog::Fate::kHeld:
        if (!announced) {
          Lose("the store's log has a hole");
        }
        break;
      case PartitionLog::Fate::kForked:
        Lose("the log goes on from before our position");
        break;
    }
  }
  if (!applied.empty()) {
    const Counter& counter =
        announced ? shared_.metrics.applied_announced : shared_.metrics.applied_filled;
    counter.Add(static_cast<double>(applied.size()));
    DeliverEntries(std::move(applied), now);
  }
}

void PartitionFollower::ReadIfDue(SteadyTime now) {
  if ((state_ != State::kBehind && state_ != State::kCatchingUp) || read_ || now < read_allowed_ ||
      shared_.log_reads >= shared_.options.fills_max) {
    return;
  }
  if (state_ == State::kBehind) {
    const bool waited = now >= target_->since + shared_.options.tail_grace;
    if (!waited && !log_.has_hole() && !silent(now)) {
      return;
    }
    shared_.metrics.holes[static_cast<std::size_t>(CauseOf(now))].Add();
    state_ = State::kCatchingUp;
  }
  read_ = Read{log_.position(), store_last_id_, announced_up_to_};
  ++shared_.log_reads;
  shared_.port.ReadLog(partition_, read_->after, shared_.options.fill_bytes_max);
}

HoleCause PartitionFollower::CauseOf(SteadyTime now) const {
  if (announcements_dropped_) {
    return HoleCause::kOverflow;
  }
  if (silent(now)) {
    return HoleCause::kSilence;
  }
  if (!announcement_fitted_) {
    return HoleCause::kRestart;
  }
  return log_.has_hole() ? HoleCause::kGap : HoleCause::kTail;
}

void PartitionFollower::OnLogRead(const Result<SentEntries>& sent, SteadyTime now) {
  const Read read = *std::exchange(read_, std::nullopt);
  --shared_.log_reads;
  const bool moved = log_.position() != read.after;
  if (read.stale) {
    // It was asked of a position that is no longer ours.
  } else if (sent.ok()) {
    backoff_.Reset();
    if (!sent->entries.empty()) {
      Take(*sent, false, now);
    } else if (!moved) {
      TakeEnd(read, now);
    }
  } else if (sent.error().code == Code::kOutOfRange) {
    if (!moved) {
      Lose("the store no longer has what follows our position");
    }
  } else {
    shared_.metrics.fill_failures.Add();
    read_allowed_ = now + backoff_.Next();
  }
  Learn(0, now);
}

// What had been announced behind the end of the log before it was read does not exist there; what
// came while it was read may. What the store itself had answered to exist before the read does: its
// ids were passed over. An announced head alone is not believed so far, whoever signed it.
void PartitionFollower::TakeEnd(const Read& read, SteadyTime now) {
  log_.DropHeld(shared_.room);
  if (state_ == State::kCatchingUp) {
    state_ = State::kBehind;
  }
  if (read.store_last_id > log_.position()) {
    std::vector<SentEntry> none;
    log_.MoveTo(read.store_last_id, shared_.room, none);
    DeliverPosition(false, now);
  }
  if (announced_up_to_ <= read.announced_up_to) {
    announced_up_to_ = std::max(log_.position(), store_last_id_);
    doubts_head_ = read.announced_up_to > announced_up_to_;
  }
}

void PartitionFollower::Lose(std::string_view why) {
  if (!lost()) {
    shared_.log.Warn("the store's log cannot be continued",
                     {{"partition", partition_}, {"position", log_.position()}, {"why", why}});
    state_ = State::kLost;
  }
}

void PartitionFollower::OnHeadsAsked() {
  position_at_ask_ = log_.position();
  if (state_ == State::kLost) {
    state_ = State::kLostAsked;
  }
}

void PartitionFollower::OnHeadRead(const PartitionPosition& head, bool other_history,
                                   SteadyTime now) {
  doubts_head_ = false;
  if (!placed()) {
    log_ = PartitionLog(head.last_id);
    announced_up_to_ = store_last_id_ = head.last_id;
    head_announced_ = now;
    state_ = State::kInStep;
    DeliverPosition(false, now);
  } else if (other_history) {
    Jump(head.last_id, "the store has another history", now);
  } else if (state_ == State::kLostAsked) {
    Jump(head.last_id, "what follows our position is gone", now);
  } else if (head.last_id < position_at_ask_) {
    Jump(head.last_id, "the store's log ends before our position", now);
  } else {
    store_last_id_ = std::max(store_last_id_, head.last_id);
    Learn(head.last_id, now);
  }
}

void PartitionFollower::Jump(EntryId to, std::string_view why, SteadyTime now) {
  shared_.log.Warn(
      "jump to the store's head; streams read what they missed",
      {{"partition", partition_}, {"from", log_.position()}, {"to", to}, {"why", why}});
  shared_.metrics.gaps.Add();
  log_.DropHeld(shared_.room);
  std::vector<SentEntry> none;
  log_.MoveTo(to, shared_.room, none);
  announced_up_to_ = store_last_id_ = to;
  target_.reset();
  if (read_) {
    read_->stale = true;
  }
  state_ = State::kInStep;
  DeliverPosition(true, now);
}

void PartitionFollower::DeliverEntries(std::vector<SentEntry> entries, SteadyTime now) {
  for (std::size_t next = 0; next < entries.size();) {
    auto batch = std::make_shared<Batch>();
    batch->partition = partition_;
    batch->store_time_us = entries[next].store_time_us;
    batch->received = now;
    while (next < entries.size() && entries[next].store_time_us == batch->store_time_us &&
           batch->entries.size() < shared_.options.batch_entries_max) {
      batch->entries.push_back(std::move(entries[next].entry));
      ++next;
    }
    batch->position = batch->entries.back()->id;
    shared_.port.Deliver(std::move(batch));
  }
}

void PartitionFollower::DeliverPosition(bool gap, SteadyTime now) {
  auto batch = std::make_shared<Batch>();
  batch->partition = partition_;
  batch->position = log_.position();
  batch->gap = gap;
  batch->received = now;
  shared_.port.Deliver(std::move(batch));
}

}  // namespace belfry::edge
