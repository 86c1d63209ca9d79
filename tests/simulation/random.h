// SPDX-License-Identifier: Apache-2.0
// The one source of chance in a simulation: the same seed gives the same numbers on every machine,
// which the standard library's distributions do not promise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/common/clock.h"

namespace belfry::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

  // Source: S. Vigna, splitmix64.
  std::uint64_t Next() {
    std::uint64_t x = (state_ += 0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  // From `least` to `most`, both included.
  std::int64_t Pick(std::int64_t least, std::int64_t most) {
    const auto span = static_cast<std::uint64_t>(most - least) + 1;
    return least + static_cast<std::int64_t>(Next() % span);
  }
  std::size_t Index(std::size_t size) { return static_cast<std::size_t>(Next() % size); }
  bool Chance(int percent) { return Pick(0, 99) < percent; }
  Duration Between(Duration least, Duration most) {
    return Duration(Pick(least.count(), most.count()));
  }
  Duration UpTo(Duration most) { return Between(Duration(0), most); }

 private:
  std::uint64_t state_;
};

}  // namespace belfry::sim
