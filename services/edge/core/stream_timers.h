// SPDX-License-Identifier: Apache-2.0
// The timers of streams: heartbeats and bookmarks, grouped notifications that are due, tokens that
// expire, peers that stall, byes that were not taken, and a drain's paced end.
// Not thread-safe: one per core.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "libs/common/clock.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/event.h"
#include "services/edge/core/options.h"

namespace belfry::edge {

class StreamTimers {
 public:
  // All references must outlive this.
  StreamTimers(const StreamOptions& options, const Clock& clock, Connections& connections)
      : options_(options), clock_(clock), connections_(connections) {}

  // About every Wheel::kTick while needs_ticks().
  void Tick();
  bool needs_ticks() const { return drain_ || connections_.wheel().armed() > 0; }

  // From now on sends a bye to all streams, evenly over `window`.
  void StartDrain(std::chrono::milliseconds window);
  bool draining() const { return drain_.has_value(); }

 private:
  struct Drain {
    SteadyTime start;
    Duration window;
    std::size_t total;     // slots as of the start
    std::size_t done = 0;  // of them
  };

  void OnTimer(Connection& connection);
  void OnOpenTimer(Connection& connection, SteadyTime now);
  void DrainSome();

  const StreamOptions& options_;
  const Clock& clock_;
  Connections& connections_;
  const EventPtr heartbeat_ = HeartbeatEvent();
  std::optional<Drain> drain_;
};

}  // namespace belfry::edge
