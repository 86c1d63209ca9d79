// SPDX-License-Identifier: Apache-2.0
#include "libs/common/log_limit.h"

namespace belfry {

std::optional<std::uint64_t> LogLimit::Admit(std::string_view file, int line, SteadyTime now) {
  const MutexLock lock(mutex_);
  Place& place = places_[{std::string(file), line}];
  if (place.lines == 0 || now - place.begin >= period_) {
    place.begin = now;
    place.lines = 0;
  }
  if (place.lines == lines_max_) {
    ++place.left_out;
    return std::nullopt;
  }
  ++place.lines;
  return std::exchange(place.left_out, 0);
}

}  // namespace belfry
