// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/wheel.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::edge {
namespace {
constexpr std::size_t kSlots = 1024;  // one turn takes 20.48 s
}

void WheelTimer::Unlink() {
  prev_->next_ = next_;
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
}

void WheelTimer::LinkBefore(WheelTimer& other) {
  prev_ = other.prev_;
  next_ = &other;
  prev_->next_ = this;
  other.prev_ = this;
}

Wheel::Wheel(SteadyTime start) : start_(start), slots_(kSlots) {}

Wheel::~Wheel() { BELFRY_CHECK_EQ(armed_, 0); }

std::uint64_t Wheel::TickOf(SteadyTime when) const {
  return when <= start_ ? 0 : static_cast<std::uint64_t>((when - start_) / kTick);
}

void Wheel::Arm(WheelTimer& timer, SteadyTime when) {
  Disarm(timer);
  timer.due_tick_ = std::max(TickOf(when + kTick - Duration(1)), tick_ + 1);
  timer.LinkBefore(slots_[timer.due_tick_ % kSlots]);
  ++armed_;
}

void Wheel::Disarm(WheelTimer& timer) {
  if (timer.armed()) {
    timer.Unlink();
    --armed_;
  }
}

void Wheel::TakeDue(SteadyTime now, Slot& due) {
  const std::uint64_t until = TickOf(now);
  if (until <= tick_) {
    return;
  }
  const std::uint64_t steps = std::min<std::uint64_t>(until - tick_, kSlots);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    Slot& slot = slots_[(tick_ + step) % kSlots];
    for (WheelTimer* timer = slot.next_; timer != &slot;) {
      WheelTimer* const next = timer->next_;
      if (timer->due_tick_ <= until) {
        timer->Unlink();
        timer->LinkBefore(due);
      }
      timer = next;
    }
  }
  tick_ = until;
}

}  // namespace belfry::edge
