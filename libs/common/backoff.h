// SPDX-License-Identifier: Apache-2.0
// Waits between attempts: exponential with full jitter.
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

#include "libs/common/random.h"

namespace belfry {

// Not thread-safe.
class Backoff {
 public:
  using Millis = std::chrono::milliseconds;

  // The nth wait is uniform in [min, min(max, min * 2^n)].
  Backoff(Millis min, Millis max, std::uint64_t seed = RandomSeed())
      : min_(min), max_(max), ceiling_(min), random_(seed) {}

  // How long to wait now; the next one may be twice as long.
  Millis Next() {
    std::uniform_int_distribution<std::int64_t> wait(min_.count(), ceiling_.count());
    const Millis result{wait(random_)};
    ceiling_ = std::min(max_, ceiling_ * 2);
    return result;
  }

  // It worked: start from the shortest again.
  void Reset() { ceiling_ = min_; }

 private:
  const Millis min_;
  const Millis max_;
  Millis ceiling_;
  std::mt19937_64 random_;
};

}  // namespace belfry
