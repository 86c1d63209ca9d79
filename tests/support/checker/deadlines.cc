// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/deadlines.h"

#include <algorithm>
#include <utility>

namespace belfry::test {

Deadlines::Deadlines(std::vector<Trouble> troubles, std::chrono::microseconds bound,
                     std::chrono::microseconds recovery)
    : troubles_(std::move(troubles)), bound_us_(bound.count()), recovery_us_(recovery.count()) {
  std::sort(troubles_.begin(), troubles_.end(),
            [](const Trouble& a, const Trouble& b) { return a.from_us < b.from_us; });
}

std::int64_t Deadlines::Moved(std::int64_t from_us, std::int64_t deadline) const {
  // By their beginnings, so that one that an earlier one moves the deadline into comes later.
  for (const Trouble& trouble : troubles_) {
    const std::int64_t over = trouble.to_us + recovery_us_;
    if (trouble.from_us <= deadline && over >= from_us) {
      deadline = std::max(deadline, over + bound_us_);
    }
  }
  return deadline;
}

}  // namespace belfry::test
