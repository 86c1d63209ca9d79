// SPDX-License-Identifier: Apache-2.0
// The machine's clock, and beside it the time by which the store drops things for good: a wall
// clock that has jumped is not believed at once, so that a wrong one costs nobody anything.
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
  // How long a jump must last before it is believed; zero: at once.
  std::chrono::milliseconds grace = std::chrono::hours(24);
};

// Thread-safe. UnixMicros and Now are the machine's own.
class GuardedClock final : public Clock {
 public:
  // `clock` must outlive it. `doubted_seconds` says how far the wall clock is from what is believed
  // while it is doubted, 0 otherwise.
  GuardedClock(const GuardedClockOptions& options, const Clock& clock, Gauge doubted_seconds,
               Log log);

  // What ExpiryMicros said before this process, as far as it was kept; nothing: the wall clock is
  // believed. Once; until then ExpiryMicros is 0 and nothing expires.
  void Begin(std::optional<std::int64_t> known_us);

  // Runs as the steady clock does, drawn towards the wall clock by one part in a thousand for as
  // long as that is about where it should be. Is the wall clock again when its jump has lasted for
  // the grace time.
  std::int64_t ExpiryMicros() const override;
  std::int64_t UnixMicros() const override { return clock_.UnixMicros(); }
  SteadyTime Now() const override { return clock_.Now(); }

 private:
  struct Doubt {
    SteadyTime since;
    std::int64_t ahead_us;  // of what is expected; negative: behind
  };
  bool Jumped(std::int64_t by_us) const;
  // Whether `ahead_us` is a jump that is not believed yet.
  bool Doubts(SteadyTime now, std::int64_t ahead_us) const BELFRY_REQUIRES(mutex_);
  void TellOf(std::int64_t ahead_us) const BELFRY_REQUIRES(mutex_);

  const GuardedClockOptions options_;
  const Clock& clock_;
  const Gauge doubted_seconds_;
  const Log log_;

  mutable Mutex mutex_;
  bool begun_ BELFRY_GUARDED_BY(mutex_) = false;
  mutable std::int64_t believed_us_ BELFRY_GUARDED_BY(mutex_) = 0;  // at at_
  mutable SteadyTime at_ BELFRY_GUARDED_BY(mutex_){};
  // That have passed and drawn nothing yet.
  mutable std::int64_t rest_us_ BELFRY_GUARDED_BY(mutex_) = 0;
  mutable std::optional<Doubt> doubt_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::store
