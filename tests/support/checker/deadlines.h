// SPDX-License-Identifier: Apache-2.0
// By when something must have happened, given what was broken meanwhile; see CheckOptions::timely.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "tests/support/checker/history.h"

namespace belfry::test {

class Deadlines {
 public:
  Deadlines(std::vector<Trouble> troubles, std::chrono::microseconds bound,
            std::chrono::microseconds recovery);

  // Of what was due from `from_us` on: the bound later, moved by the troubles in between.
  std::int64_t Of(std::int64_t from_us) const { return Moved(from_us, from_us + bound_us_); }
  // The same with another deadline than the bound's.
  std::int64_t Moved(std::int64_t from_us, std::int64_t deadline) const;

 private:
  std::vector<Trouble> troubles_;  // by their beginnings
  std::int64_t bound_us_;
  std::int64_t recovery_us_;
};

}  // namespace belfry::test
