// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/guarded_clock.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/common/entry.h"

namespace belfry::store {
namespace {

// Beyond what an id can carry no clock is believed, and differences stay small enough to reckon.
std::int64_t Sane(std::int64_t unix_us) {
  return std::clamp<std::int64_t>(unix_us, 0, static_cast<std::int64_t>(kEntryIdMax));
}

// A small difference is made good by one part in so many, so that no step is felt.
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
  believed_us_ = Sane(known_us.value_or(wall_us));
  if (!Doubts(at_, wall_us - believed_us_)) {
    believed_us_ = wall_us;
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
  const std::int64_t expected_us = believed_us_ + elapsed.count();
  const std::int64_t ahead_us = Sane(clock_.UnixMicros()) - expected_us;
  if (Doubts(now, ahead_us)) {
    believed_us_ = expected_us;
  } else if (Jumped(ahead_us)) {
    believed_us_ = expected_us + ahead_us;  // it has lasted
  } else {
    rest_us_ += elapsed.count();
    const std::int64_t most_us = rest_us_ / kSlew;
    rest_us_ %= kSlew;
    believed_us_ = expected_us + std::clamp(ahead_us, -most_us, most_us);
  }
  at_ += elapsed;  // what is less than a microsecond counts the next time
  return believed_us_;
}

bool GuardedClock::Jumped(std::int64_t by_us) const {
  return std::abs(by_us) > options_.step_max.count();
}

void GuardedClock::TellOf(std::int64_t ahead_us) const {
  const Log::Fields fields = {{"ahead_seconds", Seconds(ahead_us)},
                              {"grace_ms", options_.grace.count()}};
  if (!begun_ && ahead_us > 0) {
    log_.Warn("the store was away for long, or the wall clock is ahead: nothing is dropped for it",
              fields);
  } else {
    log_.Error("the wall clock has jumped and is not believed: nothing is dropped for it", fields);
  }
}

bool GuardedClock::Doubts(SteadyTime now, std::int64_t ahead_us) const {
  if (!Jumped(ahead_us)) {
    if (doubt_) {
      log_.Info("the wall clock is back where it should be", {});
    }
    doubt_.reset();
    doubted_seconds_.Set(0);
    return false;
  }
  doubted_seconds_.Set(Seconds(ahead_us));
  if (!doubt_ || Jumped(ahead_us - doubt_->ahead_us)) {
    doubt_ = Doubt{now, ahead_us};
    TellOf(ahead_us);
  }
  if (now - doubt_->since < options_.grace) {
    return true;
  }
  log_.Warn("the wall clock's jump has lasted for the grace time: it is believed",
            {{"ahead_seconds", Seconds(ahead_us)}});
  doubted_seconds_.Set(0);
  doubt_.reset();
  return false;
}

}  // namespace belfry::store
