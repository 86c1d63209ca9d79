// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/in_flight.h"

#include <chrono>

namespace belfry::ingest {
namespace {
// Long enough for the store to commit what is there, short enough not to idle.
constexpr std::chrono::milliseconds kRetryAfter{250};
}  // namespace

Result<InFlight::Permit> InFlight::Acquire(std::int64_t bytes) {
  {
    const MutexLock lock(mutex_);
    if (usage_.items < limits_.items_max && usage_.bytes + bytes <= limits_.bytes_max) {
      usage_.items += 1;
      usage_.bytes += bytes;
      return Permit(this, bytes);
    }
  }
  return Fail({Code::kResourceExhausted,
               "accept another request: too many wait for the store",
               "TOO_MANY_IN_FLIGHT",
               {},
               kRetryAfter});
}

InFlight::Usage InFlight::usage() const {
  const MutexLock lock(mutex_);
  return usage_;
}

void InFlight::GiveBack(std::int64_t bytes) {
  const MutexLock lock(mutex_);
  usage_.items -= 1;
  usage_.bytes -= bytes;
}

}  // namespace belfry::ingest
