// SPDX-License-Identifier: Apache-2.0
// The other half of Streams: writing at the end of a turn, time, and how streams end.
#include <algorithm>
#include <utility>

#include "libs/common/check.h"
#include "services/edge/core/streams.h"
#include "services/edge/core/streams_conn.h"

namespace belfry::edge {
namespace {

// So many sockets are written before other events of the core get their turn: about 5 ms.
constexpr std::size_t kFlushesPerTurn = 512;
// After bye and FIN: for the peer to close, so that no reset destroys what is under way to it.
constexpr std::chrono::milliseconds kLinger{1'000};
// A native EventSource of the same user must not come back at once and evict another.
constexpr std::chrono::minutes kEvictedRetry{10};
constexpr int kOverloadedRetries = 3;  // of StreamOptions::retry

}  // namespace

void Streams::MarkDirty(Conn& conn) {
  if (!conn.dirty) {
    conn.dirty = true;
    dirty_.push_back(HandleOf(conn));
  }
}

Streams::Turn Streams::EndTurn() {
  const std::size_t until = std::min(dirty_.size(), flushed_ + kFlushesPerTurn);
  for (; flushed_ < until; ++flushed_) {
    if (Conn* conn = Find(dirty_[flushed_])) {
      conn->dirty = false;
      Flush(*conn);
    }
  }
  Turn turn;
  turn.more = flushed_ < dirty_.size();
  if (flushed_ > dirty_.size() / 2) {  // also when there is always more
    dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(flushed_));
    flushed_ = 0;
  }
  TakeReads(turn.reads);
  if (turn_bytes_ > 0) {
    metrics_.bytes_written.Add(static_cast<double>(std::exchange(turn_bytes_, 0)));
    metrics_.events_written.Add(static_cast<double>(std::exchange(turn_notifications_, 0)));
  }
  return turn;
}

void Streams::Flush(Conn& conn) {
  while (conn.stream.has_output() && !conn.blocked) {
    const std::string_view bytes = conn.stream.Encode(encoder_, encoded_);
    const auto taken = transport_.Write(conn.socket, bytes);
    if (!taken) {
      Close(conn, CloseReason::kPeerGone);
      return;
    }
    NoteWritten(conn.stream.OnWritten(encoded_, *taken), *taken);
    if (*taken < bytes.size()) {
      conn.blocked = true;
      if (*taken > 0 || conn.blocked_since == kNever) {
        conn.blocked_since = clock_.Now();
        ArmBy(conn, conn.blocked_since + options_.stall_timeout);
      }
    }
  }
  if (!conn.blocked) {
    conn.blocked_since = kNever;
    AfterDrained(conn);
  }
}

void Streams::NoteWritten(const Stream::Written& written, std::size_t bytes) {
  turn_bytes_ += bytes;
  turn_notifications_ += written.notifications;
  if (written.created_us != 0) {
    using Seconds = std::chrono::duration<double>;
    metrics_.received_to_written.Observe(Seconds(clock_.Now() - written.received).count());
    metrics_.created_to_written.Observe(
        static_cast<double>(clock_.UnixMicros() - written.created_us) / 1e6);
  }
}

void Streams::AfterDrained(Conn& conn) {
  if (conn.stream.finished()) {
    if (!conn.finished) {
      conn.finished = true;
      transport_.FinishWriting(conn.socket);
      conn.close_at = clock_.Now() + kLinger;
      Rearm(conn);
    }
    return;
  }
  if (conn.stream.wants_page() && !conn.gated) {
    if (!gate_.Add(HandleOf(conn))) {
      Refuse(conn, RefusalReason::kGate);
      return;
    }
    conn.gated = true;
  }
}

void Streams::OnWritable(StreamHandle handle) {
  Conn* conn = Find(handle);
  if (conn != nullptr && conn->blocked) {
    conn->blocked = false;
    MarkDirty(*conn);
  }
}

void Streams::OnGone(StreamHandle handle, CloseReason reason) {
  if (Conn* conn = Find(handle)) {
    Close(*conn, conn->close_at == kNever ? reason : conn->reason);
  }
}

void Streams::SayBye(Conn& conn, ByeReason reason) {
  switch (reason) {
    case ByeReason::kEvicted:
      return SayBye(conn, reason, kEvictedRetry);
    case ByeReason::kOverloaded:
      return SayBye(conn, reason, Jitter(options_.retry * kOverloadedRetries));
    default:
      return SayBye(conn, reason, Jitter(options_.retry));
  }
}

void Streams::SayBye(Conn& conn, ByeReason reason, std::chrono::milliseconds retry) {
  hub_.Detach(conn);
  conn.place.Release();
  conn.reason = static_cast<CloseReason>(reason);
  conn.close_at = clock_.Now() + options_.close_timeout;
  conn.stream.Bye(ByeEvent(reason, retry));
  MarkDirty(conn);
  Rearm(conn);
}

void Streams::Close(Conn& conn, CloseReason reason) {
  metrics_.closed[static_cast<std::size_t>(reason)].Add();
  metrics_.streams.Add(-1);
  hub_.Detach(conn);
  wheel_.Disarm(conn);
  transport_.Close(conn.socket);
  --open_;
  const std::uint32_t slot = conn.slot;
  slots_[slot].reset();
  free_slots_.push_back(slot);
}

void Streams::CloseAll(CloseReason reason) {
  for (const std::unique_ptr<Conn>& conn : slots_) {
    if (conn) {
      Close(*conn, reason);
    }
  }
}

bool Streams::needs_ticks() const { return drain_ || wheel_.armed() > 0 || gate_.waiting() > 0; }

void Streams::Tick() {
  wheel_.Advance(clock_.Now(), [this](WheelTimer& timer) { OnTimer(static_cast<Conn&>(timer)); });
  if (drain_) {
    DrainSome();
  }
}

void Streams::OnTimer(Conn& conn) {
  const SteadyTime now = clock_.Now();
  conn.timer_at = kNever;
  if (now >= conn.close_at) {
    Close(conn, conn.reason);
    return;
  }
  if (conn.blocked_since != kNever && now - conn.blocked_since >= options_.stall_timeout) {
    Close(conn, conn.close_at == kNever ? CloseReason::kStalled : conn.reason);
    return;
  }
  if (conn.close_at == kNever) {
    if (now >= conn.expires_at) {
      SayBye(conn, ByeReason::kTokenExpired);
      return;
    }
    if (now >= conn.batch_at) {
      conn.batch_at = kNever;
      conn.stream.SendGathered(options_);
      MarkDirty(conn);
    }
    if (now >= conn.heartbeat_at) {
      conn.heartbeat_at = now + options_.heartbeat;
      if (now >= conn.bookmark_at) {
        conn.bookmark_at = now + options_.bookmark;
        conn.stream.Bookmark(hub_.applied(Hub::PartitionOfMember(conn)));
      }
      conn.stream.Heartbeat(heartbeat_);
      MarkDirty(conn);
    }
  }
  Rearm(conn);
}

void Streams::ArmBy(Conn& conn, SteadyTime when) {
  if (when < conn.timer_at) {
    conn.timer_at = when;
    wheel_.Arm(conn, when);
  }
}

void Streams::Rearm(Conn& conn) {
  SteadyTime when = conn.close_at;
  if (when == kNever) {
    when = std::min({conn.heartbeat_at, conn.expires_at, conn.batch_at});
  }
  if (conn.blocked_since != kNever) {
    when = std::min(when, conn.blocked_since + options_.stall_timeout);
  }
  wheel_.Disarm(conn);
  conn.timer_at = kNever;
  if (when != kNever) {
    ArmBy(conn, when);
  }
}

void Streams::StartDrain(std::chrono::milliseconds window) {
  if (!drain_) {
    drain_ = Drain{clock_.Now(), window, slots_.size()};
  }
}

// Each tick says bye to as many slots as its share of the window.
void Streams::DrainSome() {
  const Duration passed = clock_.Now() - drain_->start;
  std::size_t due = drain_->total;
  if (passed < drain_->window) {
    due = static_cast<std::size_t>(
        static_cast<double>(drain_->total) *
        (static_cast<double>(passed.count()) / static_cast<double>(drain_->window.count())));
  }
  for (; drain_->done < due; ++drain_->done) {
    const std::unique_ptr<Conn>& conn = slots_[drain_->done];
    if (conn && conn->close_at == kNever) {
      SayBye(*conn, ByeReason::kDraining);
    }
  }
}

std::chrono::milliseconds Streams::Jitter(std::chrono::milliseconds around) {
  std::uniform_int_distribution<std::int64_t> pick(around.count() / 2, around.count() * 3 / 2);
  return std::chrono::milliseconds(pick(random_));
}

}  // namespace belfry::edge
