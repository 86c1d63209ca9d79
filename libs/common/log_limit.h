// SPDX-License-Identifier: Apache-2.0
// How many lines a place in the code may log, where strangers decide how often it is reached.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"

namespace belfry {

// Thread-safe.
class LogLimit {
 public:
  // `lines_max` (>= 1) lines of one place in each `period`.
  LogLimit(std::uint32_t lines_max, Duration period) : lines_max_(lines_max), period_(period) {}
  LogLimit(const LogLimit&) = delete;
  LogLimit& operator=(const LogLimit&) = delete;

  // A line of a place is to be logged. How many lines of it were left out since the last one that
  // was not; std::nullopt: this one is left out too.
  std::optional<std::uint64_t> Admit(std::string_view file, int line, SteadyTime now)
      BELFRY_EXCLUDES(mutex_);

 private:
  struct Place {
    SteadyTime begin{};
    std::uint32_t lines = 0;  // since begin
    std::uint64_t left_out = 0;
  };

  const std::uint32_t lines_max_;
  const Duration period_;
  Mutex mutex_;
  std::map<std::pair<std::string, int>, Place> places_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry
