// SPDX-License-Identifier: Apache-2.0
// The machine's clock, and beside it the time by which the store drops entries and keys for good: a
// jump of the wall clock is not accepted at once, so that a wrong clock loses no data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"

namespace belfry::store {

struct GuardedClockOptions {
  // A larger difference from what is expected is a jump.
  std::chrono::microseconds step_max = std::chrono::minutes(30);
  // How long a jump must last before it is accepted; zero: at once.
  std::chrono::milliseconds grace = std::chrono::hours(24);
};

// Thread-safe. UnixMicros and Now are the machine's own.
class GuardedClock final : public Clock {
 public:
  // `clock` must outlive it. `doubted_seconds`: how far the wall clock is from ExpiryMicros while a
  // jump is not accepted, 0 otherwise.
  GuardedClock(const GuardedClockOptions& options, const Clock& clock, Gauge doubted_seconds,
               Log log);

  // `known_us`: ExpiryMicros as the writer's term before has noted it last; std::nullopt: the wall
  // clock is accepted. At the start of each term; until then ExpiryMicros is 0 and nothing expires.
  void Begin(std::optional<std::int64_t> known_us);

  // Compares with the wall clock: suspects a jump, accepts one that has lasted, logs both. Its
  // owner calls it about once a second, on any thread; reads alone notice no jump and change
  // nothing.
  void Tick();

  // Advances with the steady clock. While the wall clock is within step_max of it, it also moves
  // towards the wall clock, by at most one part in a thousand of the time that passes. A jump that
  // has lasted for the grace time since the Tick that noticed it is accepted: it is the wall clock
  // again.
  std::int64_t ExpiryMicros() const override;
  std::int64_t UnixMicros() const override { return clock_.UnixMicros(); }
  SteadyTime Now() const override { return clock_.Now(); }

 private:
  struct SuspectedJump {
    SteadyTime since;
    std::int64_t ahead_us;  // of what is expected; negative: behind
  };
  struct State {
    std::int64_t trusted_us = 0;  // at `at`
    SteadyTime at = {};
    // Of the time that has passed, what has not moved it towards the wall clock yet.
    std::int64_t rest_us = 0;
    std::optional<SuspectedJump> suspected = {};
    // The wall clock was this far ahead of trusted_us before that moved; negative: behind.
    std::int64_t ahead_us = 0;
  };
  // The state that follows `before` once it is `now`, with the wall clock at `wall_us`.
  State After(const State& before, SteadyTime now, std::int64_t wall_us) const;
  bool ExceedsJump(std::int64_t by_us) const;
  // The next state is `next`: logs what has become of jumps.
  void Accept(const State& next) BELFRY_REQUIRES(mutex_);
  void LogJump(std::int64_t ahead_us) const BELFRY_REQUIRES(mutex_);

  const GuardedClockOptions options_;
  const Clock& clock_;
  const Gauge doubted_seconds_;
  const Log log_;

  mutable Mutex mutex_;
  bool begun_ BELFRY_GUARDED_BY(mutex_) = false;
  State state_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::store
