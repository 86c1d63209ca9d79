// SPDX-License-Identifier: Apache-2.0
// The gate before the store: streams that want a page wait here, and leave in batches with a
// bounded number of calls under way, so that a storm of reconnects meets a queue.
// Not thread-safe: one per core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "libs/common/backoff.h"
#include "libs/common/clock.h"

namespace belfry::edge {

class CatchUpGate {
 public:
  // A stream that wants a page; the gate only passes it on.
  using Ticket = std::uint64_t;
  static constexpr std::size_t kBatchMax = 64;  // queries per call

  struct Limits {
    std::size_t waiting_max;
    std::size_t calls_max;
  };
  CatchUpGate(Limits limits, std::uint64_t seed)
      : limits_(limits),
        backoff_(std::chrono::milliseconds(50), std::chrono::milliseconds(2000), seed) {}

  // False: waiting_max wait already.
  bool Add(Ticket ticket);
  // The next call's tickets, first come first served; empty if none waits, calls_max are under way,
  // or the pause after a failure is not over. Each call that is not empty is answered by one of the
  // two below.
  std::vector<Ticket> Next(SteadyTime now);
  // The call was answered, or none was made after all (its streams have ended).
  void Answered();
  // The store cannot be reached: its tickets wait again, before all others, and no call is made
  // until a growing, jittered time has passed.
  void Unavailable(const std::vector<Ticket>& tickets, SteadyTime now);

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t calls() const { return calls_; }
  // How often in a row the store could not be reached.
  std::uint32_t failures() const { return failures_; }

 private:
  const Limits limits_;
  std::deque<Ticket> waiting_;
  std::size_t calls_ = 0;
  std::uint32_t failures_ = 0;
  SteadyTime paused_until_{};
  Backoff backoff_;
};

}  // namespace belfry::edge
