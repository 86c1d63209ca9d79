// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/follower.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace belfry::edge {

Follower::Follower(const FollowerOptions& options, FollowerPort& port, FollowerMetrics metrics,
                   Log log)
    : options_(options),
      port_(port),
      metrics_(std::move(metrics)),
      log_(std::move(log)),
      bodies_(options.bodies_bytes_max),
      room_(options.held_bytes_max),
      ask_backoff_(options.retry_min, options.retry_max, options.seed) {}

Follower::Followed* Follower::Find(Partition partition) {
  if (partition >= partitions_.size() || !partitions_[partition].log) {
    return nullptr;
  }
  return &partitions_[partition];
}

std::optional<EntryId> Follower::position(Partition partition) const {
  if (partition >= partitions_.size() || !partitions_[partition].log) {
    return std::nullopt;
  }
  return partitions_[partition].log->position();
}

void Follower::OnBody(EntryId broadcast_id, Payload body) {
  bodies_.Put(broadcast_id, std::move(body));
}

void Follower::OnAnnounced(Partition partition, SentEntries sent, SteadyTime now) {
  Followed* followed = Find(partition);
  if (followed == nullptr || sent.entries.empty()) {
    return;
  }
  const EntryId last_id = sent.entries.back()->id;
  if (const std::size_t missing = bodies_.Resolve(sent.entries); missing > 0) {
    metrics_.bodies_missing.Add(static_cast<double>(missing));
  }
  Take(partition, sent, true, now);
  Learn(*followed, last_id, now);
  FillIfDue(partition, now);
}

void Follower::OnDigest(Partition partition, EntryId last_id, SteadyTime now) {
  Followed* followed = Find(partition);
  if (followed == nullptr) {
    return;
  }
  followed->last_digest = now;
  store_seen_ = now;
  followed->vouched = std::max(followed->vouched, last_id);
  // Either it is late, or the store has lost what we have applied: the store can tell.
  want_heads_ = want_heads_ || last_id < followed->log->position();
  Learn(*followed, last_id, now);
  FillIfDue(partition, now);
}

void Follower::OnOverflow() {
  for (Followed& followed : partitions_) {
    followed.overflowed = true;
  }
}

void Follower::Learn(Followed& followed, EntryId id, SteadyTime now) {
  const EntryId position = followed.log->position();
  followed.known = std::max(followed.known, id);
  if (followed.known <= position) {
    followed.target = 0;
    followed.chasing = false;
    followed.overflowed = false;
  } else if (followed.target <= position) {
    followed.target = followed.known;
    followed.target_since = now;
  }
}

void Follower::Take(Partition partition, const SentEntries& sent, bool announced, SteadyTime now) {
  Followed& followed = partitions_[partition];
  std::vector<SentEntry> applied;
  for (const EntryPtr& entry : sent.entries) {
    if (followed.lost) {
      break;
    }
    switch (followed.log->Take({entry, sent.store_time_us}, room_, applied)) {
      case PartitionLog::Fate::kApplied:
        followed.fresh = followed.fresh && !announced;
        break;
      case PartitionLog::Fate::kRepeat:
        metrics_.repeats.Add();
        break;
      case PartitionLog::Fate::kDropped:
        metrics_.held_dropped.Add();
        [[fallthrough]];
      case PartitionLog::Fate::kHeld:
        if (!announced) {
          MarkLost(partition, "the store's log has a hole");
        }
        break;
      case PartitionLog::Fate::kForked:
        MarkLost(partition, "the log goes on from before our position");
        break;
    }
  }
  if (!applied.empty()) {
    (announced ? metrics_.applied_announced : metrics_.applied_filled)
        .Add(static_cast<double>(applied.size()));
    DeliverEntries(partition, std::move(applied), now);
  }
}

void Follower::DeliverEntries(Partition partition, std::vector<SentEntry> entries, SteadyTime now) {
  for (std::size_t next = 0; next < entries.size();) {
    auto batch = std::make_shared<Batch>();
    batch->partition = partition;
    batch->store_time_us = entries[next].store_time_us;
    batch->received = now;
    while (next < entries.size() && entries[next].store_time_us == batch->store_time_us &&
           batch->entries.size() < options_.batch_entries_max) {
      batch->entries.push_back(std::move(entries[next].entry));
      ++next;
    }
    batch->position = batch->entries.back()->id;
    port_.Deliver(std::move(batch));
  }
}

void Follower::DeliverPosition(Partition partition, EntryId position, bool gap, SteadyTime now) {
  auto batch = std::make_shared<Batch>();
  batch->partition = partition;
  batch->position = position;
  batch->gap = gap;
  batch->received = now;
  port_.Deliver(std::move(batch));
}

void Follower::OnFilled(Partition partition, Result<SentEntries> sent, SteadyTime now) {
  Followed& followed = partitions_[partition];
  followed.filling = false;
  --fills_;
  const bool moved = followed.log->position() != followed.fill_after;
  if (followed.discard_fill) {
    // It was asked of a position that is no longer ours.
  } else if (sent.ok()) {
    NoteStore(true, nullptr, now);
    followed.backoff.Reset();
    if (!sent->entries.empty()) {
      bodies_.Share(sent->entries);
      Take(partition, *sent, false, now);
    } else if (!moved) {
      TakeEnd(partition, now);
    }
  } else if (sent.error().code == Code::kOutOfRange) {
    NoteStore(true, nullptr, now);
    if (!moved) {
      MarkLost(partition, "the store no longer has what follows our position");
    }
  } else {
    NoteStore(false, &sent.error(), now);
    metrics_.fill_failures.Add();
    followed.retry_at = now + followed.backoff.Next();
  }
  Learn(followed, 0, now);
  FillSome(now);
  AskIfDue(now);
}

// What was announced behind the end of the log when it was read does not exist there (or came
// while it was read: then it is asked for again). What the store itself vouched for before the
// read does: its ids were passed over.
void Follower::TakeEnd(Partition partition, SteadyTime now) {
  Followed& followed = partitions_[partition];
  followed.log->DropHeld(room_);
  followed.chasing = false;
  if (followed.fill_vouched > followed.log->position()) {
    std::vector<SentEntry> none;
    followed.log->MoveTo(followed.fill_vouched, room_, none);
    DeliverPosition(partition, followed.fill_vouched, false, now);
  }
  followed.known = std::max(followed.log->position(), followed.vouched);
}

void Follower::FillSome(SteadyTime now) {
  const std::size_t count = partitions_.size();
  for (std::size_t i = 0; i < count && fills_ < options_.fills_max; ++i) {
    next_fill_ = (next_fill_ + 1) % count;
    FillIfDue(static_cast<Partition>(next_fill_), now);
  }
}

void Follower::FillIfDue(Partition partition, SteadyTime now) {
  Followed& followed = partitions_[partition];
  if (!followed.log || followed.filling || followed.lost || now < followed.retry_at ||
      fills_ >= options_.fills_max || followed.known <= followed.log->position()) {
    return;
  }
  const bool waited = now >= followed.target_since + options_.tail_grace;
  if (!waited && !followed.log->has_hole() && !followed.chasing && !Silent(followed, now)) {
    return;
  }
  if (!followed.chasing) {
    metrics_.holes[static_cast<std::size_t>(CauseOf(followed, now))].Add();
    followed.chasing = true;
  }
  followed.filling = true;
  followed.discard_fill = false;
  followed.fill_after = followed.log->position();
  followed.fill_vouched = followed.vouched;
  ++fills_;
  port_.ReadLog(partition, followed.fill_after, options_.fill_bytes_max);
}

HoleCause Follower::CauseOf(const Followed& followed, SteadyTime now) const {
  if (followed.overflowed) {
    return HoleCause::kOverflow;
  }
  if (Silent(followed, now)) {
    return HoleCause::kSilence;
  }
  if (followed.fresh) {
    return HoleCause::kRestart;
  }
  return followed.log->has_hole() ? HoleCause::kGap : HoleCause::kTail;
}

bool Follower::Silent(const Followed& followed, SteadyTime now) const {
  return followed.log && now - followed.last_digest >= options_.silence;
}

}  // namespace belfry::edge
