// SPDX-License-Identifier: Apache-2.0
// Simulated time: events in the order of their time, and of their making within one moment. All of
// a simulation happens inside them, on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libs/common/clock.h"

namespace belfry::sim {

// Held by what ends: a process, a connection. What belongs to it only knows of it (Mortal), and
// does not happen once it is over.
using Life = std::shared_ptr<const int>;
using Mortal = std::weak_ptr<const int>;
inline Life NewLife() { return std::make_shared<const int>(0); }

class Scheduler {
 public:
  using Event = std::function<void()>;

  SteadyTime now() const { return now_; }
  // Microseconds since the simulation began: the time line of traces and histories.
  std::int64_t micros() const;

  void At(SteadyTime when, Event event);
  void After(Duration delay, Event event) { At(now_ + delay, std::move(event)); }
  // Only happens if the life is not over then.
  void At(SteadyTime when, Mortal life, Event event);
  void After(Duration delay, Mortal life, Event event) {
    At(now_ + delay, std::move(life), std::move(event));
  }

  // Lets everything up to `until` happen; now() is `until` afterwards.
  void RunUntil(SteadyTime until);
  std::uint64_t happened() const { return happened_; }

 private:
  struct Waiting {
    SteadyTime when;
    std::uint64_t number;
    bool mortal;
    Mortal life;
    Event event;
  };
  static bool Later(const Waiting& a, const Waiting& b) {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
  }
  void Push(Waiting waiting);

  static constexpr SteadyTime kStart{std::chrono::hours(1)};
  SteadyTime now_ = kStart;
  std::uint64_t made_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Waiting> heap_;
};

// One machine's clocks: the steady one is everybody's, the wall clock can be set.
class SimClock final : public Clock {
 public:
  explicit SimClock(const Scheduler& scheduler) : scheduler_(scheduler) {}
  SteadyTime Now() const override { return scheduler_.now(); }
  std::int64_t UnixMicros() const override { return UnixMicrosAt(scheduler_.micros()) + set_by_; }
  // What a right clock says at `micros` of the simulation.
  static constexpr std::int64_t UnixMicrosAt(std::int64_t micros) { return kEpoch + micros; }
  // Sets the wall clock ahead or, negative, back.
  void Set(std::chrono::microseconds by) { set_by_ += by.count(); }
  // As it should be.
  void Correct() { set_by_ = 0; }

 private:
  static constexpr std::int64_t kEpoch = 1'700'000'000'000'000;
  const Scheduler& scheduler_;
  std::int64_t set_by_ = 0;
};

}  // namespace belfry::sim
