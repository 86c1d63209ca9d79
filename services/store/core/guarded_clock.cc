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
  at_ = clock_.Now();
  const std::int64_t wall_us = Sane(clock_.UnixMicros());
  trusted_us_ = Sane(known_us.value_or(wall_us));
  if (!IsSuspect(at_, wall_us - trusted_us_)) {
    trusted_us_ = wall_us;
  }
  begun_ = true;
}

std::int64_t GuardedClock::ExpiryMicros() const {
  const MutexLock lock(mutex_);
  if (!begun_) {
    return 0;
  }
  const SteadyTime now = clock_.Now();
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - at_);
  const std::int64_t expected_us = trusted_us_ + elapsed.count();
  const std::int64_t ahead_us = Sane(clock_.UnixMicros()) - expected_us;
  if (IsSuspect(now, ahead_us)) {
    trusted_us_ = expected_us;
  } else if (ExceedsJump(ahead_us)) {
    trusted_us_ = expected_us + ahead_us;  // it has lasted
  } else {
    rest_us_ += elapsed.count();
    const std::int64_t most_us = rest_us_ / kSlew;
    rest_us_ %= kSlew;
    trusted_us_ = expected_us + std::clamp(ahead_us, -most_us, most_us);
  }
  at_ += elapsed;  // the rest, less than a microsecond, counts the next time
  return trusted_us_;
}

bool GuardedClock::ExceedsJump(std::int64_t by_us) const {
  return std::abs(by_us) > options_.step_max.count();
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

bool GuardedClock::IsSuspect(SteadyTime now, std::int64_t ahead_us) const {
  if (!ExceedsJump(ahead_us)) {
    if (suspected_) {
      log_.Info("the wall clock is right again", {});
    }
    suspected_.reset();
    doubted_seconds_.Set(0);
    return false;
  }
  doubted_seconds_.Set(Seconds(ahead_us));
  if (!suspected_ || ExceedsJump(ahead_us - suspected_->ahead_us)) {
    suspected_ = SuspectedJump{now, ahead_us};
    LogJump(ahead_us);
  }
  if (now - suspected_->since < options_.grace) {
    return true;
  }
  log_.Warn("the wall clock's jump has lasted for the grace time and is accepted",
            {{"ahead_seconds", Seconds(ahead_us)}});
  doubted_seconds_.Set(0);
  suspected_.reset();
  return false;
}

}  // namespace belfry::store
