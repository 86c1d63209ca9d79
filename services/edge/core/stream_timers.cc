// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream_timers.h"

namespace belfry::edge {

void StreamTimers::Tick() {
  connections_.wheel().Advance(
      clock_.Now(), [this](WheelTimer& timer) { OnTimer(static_cast<Connection&>(timer)); });
  if (drain_) {
    DrainSome();
  }
}

void StreamTimers::OnTimer(Connection& connection) {
  const SteadyTime now = clock_.Now();
  connection.timer_at = kNever;
  if (connection.closing && now >= connection.ends_at) {
    connections_.Close(connection, connection.reason);
    return;
  }
  if (connection.blocked_since != kNever &&
      now - connection.blocked_since >= options_.stall_timeout) {
    connections_.Close(connection, connection.closing ? connection.reason : CloseReason::kStalled);
    return;
  }
  if (!connection.closing) {
    OnOpenTimer(connection, now);
  }
  connections_.Arm(connection);
}

void StreamTimers::OnOpenTimer(Connection& connection, SteadyTime now) {
  if (now >= connection.ends_at) {
    connections_.SendBye(connection, ByeReason::kTokenExpired);
    return;
  }
  if (now >= connection.batch_at) {
    connection.batch_at = kNever;
    connection.stream.SendGathered(options_);
    connections_.MarkDirty(connection);
  }
  if (now >= connection.heartbeat_at) {
    connection.heartbeat_at = now + options_.heartbeat;
    if (now >= connection.bookmark_at) {
      connection.bookmark_at = now + options_.bookmark;
      connection.stream.Bookmark(connections_.hub().applied(Hub::PartitionOfMember(connection)));
    }
    connection.stream.Heartbeat(heartbeat_);
    connections_.MarkDirty(connection);
  }
}

void StreamTimers::StartDrain(std::chrono::milliseconds window) {
  if (!drain_) {
    drain_ = Drain{clock_.Now(), window, connections_.slots()};
  }
}

// Each tick sends a bye to as many slots as its share of the window.
void StreamTimers::DrainSome() {
  const Duration passed = clock_.Now() - drain_->start;
  std::size_t due = drain_->total;
  if (passed < drain_->window) {
    due = static_cast<std::size_t>(
        static_cast<double>(drain_->total) *
        (static_cast<double>(passed.count()) / static_cast<double>(drain_->window.count())));
  }
  for (; drain_->done < due; ++drain_->done) {
    Connection* const connection = connections_.at(drain_->done);
    if (connection != nullptr && !connection->closing) {
      connections_.SendBye(*connection, ByeReason::kDraining);
    }
  }
}

}  // namespace belfry::edge
