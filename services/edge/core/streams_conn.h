// SPDX-License-Identifier: Apache-2.0
// What one core keeps per stream. Included by streams*.cc only.
#pragma once

#include "services/edge/core/streams.h"

namespace belfry::edge {

inline constexpr SteadyTime kNever = SteadyTime::max();

// Everything an idle stream takes is here and in its hub entry: no timers of its own, no buffers.
struct Streams::Conn final : HubMember, WheelTimer {
  explicit Conn(const Arrival& arrival)
      : stream(arrival.cursor, arrival.batch), socket(arrival.socket) {}

  Stream stream;
  const int socket;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint64_t number = 0;  // counts this core's arrivals
  Caps::Place place;

  SteadyTime timer_at = kNever;  // when the wheel will call
  SteadyTime heartbeat_at = kNever;
  SteadyTime bookmark_at = kNever;
  SteadyTime expires_at = kNever;
  SteadyTime batch_at = kNever;
  SteadyTime close_at = kNever;       // after a bye
  SteadyTime blocked_since = kNever;  // the last byte that the peer took, since it is full

  CloseReason reason = CloseReason::kPeerGone;  // its bye's, once closing
  bool dirty = false;
  bool gated = false;     // its handle waits at the gate, or is being read for
  bool blocked = false;   // until OnWritable
  bool finished = false;  // all is written; waits for the peer to close
};

}  // namespace belfry::edge
