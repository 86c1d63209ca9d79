// SPDX-License-Identifier: Apache-2.0
// One core's timers: a hashed wheel, O(1) to arm and disarm, no allocation.
// Source: G. Varghese, T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 6.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "libs/common/clock.h"

namespace belfry::edge {

// What the wheel keeps inside whatever has a timer (one each); derive from it. Must be disarmed
// before it ends.
class WheelTimer {
 public:
  bool armed() const { return next_ != nullptr; }

 protected:
  friend class Wheel;
  WheelTimer() = default;
  ~WheelTimer() = default;
  WheelTimer(const WheelTimer&) = delete;
  WheelTimer& operator=(const WheelTimer&) = delete;

 private:
  void Unlink();
  void LinkBefore(WheelTimer& other);

  WheelTimer* prev_ = nullptr;
  WheelTimer* next_ = nullptr;
  std::uint64_t due_tick_ = 0;
};

class Wheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(20);

  // `start`: now.
  explicit Wheel(SteadyTime start);
  ~Wheel();
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  // Fires at `when` or up to one tick later, at the earliest with the next tick; a timer that was
  // armed is moved.
  void Arm(WheelTimer& timer, SteadyTime when);
  void Disarm(WheelTimer& timer);
  std::size_t armed() const { return armed_; }

  // Disarms all that is due and calls fire(WheelTimer&) for each, which may arm, disarm and destroy
  // any timer.
  template <typename Fire>
  void Advance(SteadyTime now, Fire fire) {
    Slot due;
    TakeDue(now, due);
    while (due.next_ != &due) {
      WheelTimer& timer = *due.next_;
      Disarm(timer);
      fire(timer);
    }
    due.Unlink();
  }

 private:
  struct Slot final : WheelTimer {
    Slot() { prev_ = next_ = this; }
    using WheelTimer::Unlink;
    friend class Wheel;
  };

  void TakeDue(SteadyTime now, Slot& due);
  std::uint64_t TickOf(SteadyTime when) const;

  const SteadyTime start_;
  std::uint64_t tick_ = 0;  // the last one taken
  std::size_t armed_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace belfry::edge
