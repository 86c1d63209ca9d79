// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/guarded_clock.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/common/entry.h"

namespace belfry::store {
namespace {

// Times beyond what an id can hold are cut off, so that differences never overflow.
std::int64_t Sane(std::int64_t unix_us) {
  return std::clamp<std::int64_t>(unix_us, 0, static_cast<std::int64_t>(kEntryIdMax));
}

// A small difference is corrected by at most one part in so many of the time that passes.
constexpr std::int64_t kSlew = 1'000;

double Seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

}  // namespace

GuardedClock::GuardedClock(const GuardedClockOptions& options, const Clock& clock,
                           Gauge doubted_seconds, Log log)
    : options_(options), clock_(clock), doubted_seconds_(doubted_seconds), log_(std::move(log)) {}

void GuardedClock::Begin(std::optional<std::int64_t> known_us) {
  const MutexLock lock(mutex_);
  const SteadyTime now = clock_.Now();
  const std::int64_t wall_us = Sane(clock_.UnixMicros());
  State next = After({.trusted_us = Sane(known_us.value_or(wall_us)), .at = now}, now, wall_us);
  if (!next.suspected) {
    next.trusted_us = wall_us;  // at a start, a small difference is corrected at once
  }
  Accept(next);
  begun_ = true;
}

void GuardedClock::Tick() {
  const MutexLock lock(mutex_);
  if (begun_) {
    Accept(After(state_, clock_.Now(), Sane(clock_.UnixMicros())));
  }
}

std::int64_t GuardedClock::ExpiryMicros() const {
  const MutexLock lock(mutex_);
  return begun_ ? After(state_, clock_.Now(), Sane(clock_.UnixMicros())).trusted_us : 0;
}

GuardedClock::State GuardedClock::After(const State& before, SteadyTime now,
                                        std::int64_t wall_us) const {
  State next = before;
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - before.at);
  next.at += elapsed;  // the rest, less than a microsecond, counts the next time
  next.trusted_us += elapsed.count();
  next.ahead_us = wall_us - next.trusted_us;
  if (!ExceedsJump(next.ahead_us)) {
    next.suspected.reset();
    next.rest_us += elapsed.count();
    const std::int64_t most_us = next.rest_us / kSlew;
    next.rest_us %= kSlew;
    next.trusted_us += std::clamp(next.ahead_us, -most_us, most_us);
    return next;
  }
  if (!before.suspected || ExceedsJump(next.ahead_us - before.suspected->ahead_us)) {
    next.suspected = SuspectedJump{now, next.ahead_us};
  }
  if (now - next.suspected->since >= options_.grace) {
    next.suspected.reset();
    next.trusted_us = wall_us;
  }
  return next;
}

bool GuardedClock::ExceedsJump(std::int64_t by_us) const {
  return std::abs(by_us) > options_.step_max.count();
}

void GuardedClock::Accept(const State& next) {
  if (next.suspected) {
    if (!state_.suspected || state_.suspected->since != next.suspected->since) {
      LogJump(next.ahead_us);
    }
  } else if (ExceedsJump(next.ahead_us)) {
    log_.Warn("the wall clock's jump has lasted for the grace time and is accepted",
              {{"ahead_seconds", Seconds(next.ahead_us)}});
  } else if (state_.suspected) {
    log_.Info("the wall clock is right again", {});
  }
  doubted_seconds_.Set(next.suspected ? Seconds(next.ahead_us) : 0);
  state_ = next;
}

void GuardedClock::LogJump(std::int64_t ahead_us) const {
  const Log::Fields fields = {{"ahead_seconds", Seconds(ahead_us)},
                              {"grace_ms", options_.grace.count()}};
  if (!begun_ && ahead_us > 0) {
    log_.Warn("the store was away for long, or the wall clock is ahead: nothing is dropped for it",
              fields);
  } else {
    log_.Error("the wall clock has jumped, which is not accepted yet: nothing is dropped for it",
               fields);
  }
}

}  // namespace belfry::store
