// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/scheduler.h"

#include <algorithm>
#include <utility>

namespace belfry::sim {

std::int64_t Scheduler::micros() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(now_ - kStart).count();
}

void Scheduler::At(SteadyTime when, Event event) { Push({when, 0, false, {}, std::move(event)}); }

void Scheduler::At(SteadyTime when, Mortal life, Event event) {
  Push({when, 0, true, std::move(life), std::move(event)});
}

void Scheduler::Push(Waiting waiting) {
  waiting.when = std::max(waiting.when, now_);
  waiting.number = ++made_;
  heap_.push_back(std::move(waiting));
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

void Scheduler::RunUntil(SteadyTime until) {
  while (!heap_.empty() && heap_.front().when <= until) {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    const Waiting next = std::move(heap_.back());
    heap_.pop_back();
    now_ = next.when;
    if (next.mortal && next.life.expired()) {
      continue;
    }
    ++happened_;
    next.event();
  }
  now_ = std::max(now_, until);
}

}  // namespace belfry::sim
