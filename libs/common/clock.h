// SPDX-License-Identifier: Apache-2.0
// Time through a port, so that tests and simulations decide what time it is.
#pragma once

#include <chrono>
#include <cstdint>

namespace belfry {

// Never goes back; for waits, timeouts, rates.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

// What time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Unix time in microseconds; may jump either way.
  virtual std::int64_t UnixMicros() const = 0;
  virtual SteadyTime Now() const = 0;
  // Unix time for code that drops what has expired: behind UnixMicros where that may have jumped
  // ahead. A clock that cannot detect jumps returns UnixMicros.
  virtual std::int64_t ExpiryMicros() const { return UnixMicros(); }
};

// The machine's own.
class SystemClock final : public Clock {
 public:
  std::int64_t UnixMicros() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
};

// One that a test moves by hand. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_micros = 1'700'000'000'000'000)
      : unix_micros_(unix_micros) {}
  std::int64_t UnixMicros() const override { return unix_micros_; }
  SteadyTime Now() const override { return now_; }
  // Moves both clocks forward.
  void Advance(Duration by) {
    now_ += by;
    unix_micros_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
  }
  // The operator sets the wall clock, either way; the steady one does not notice.
  void SetUnixMicros(std::int64_t unix_micros) { unix_micros_ = unix_micros; }

 private:
  std::int64_t unix_micros_;
  SteadyTime now_{std::chrono::hours(1)};
};

}  // namespace belfry
