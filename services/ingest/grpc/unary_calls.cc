// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/unary_calls.h"

#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {

void UnaryCalls::EndStalled(SteadyTime now) {
  const SteadyTime begin = now - limits_.patience;
  // A call that goes takes itself out first and waits for mutex_, so that none can go while it is
  // being ended.
  const MutexLock lock(mutex_);
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (next->second > begin) {
      ++next;
      continue;
    }
    UnaryCall* const call = next->first;
    next = waiting_.erase(next);
    call->EndStalled();
  }
}

void UnaryCalls::Wait(UnaryCall* call, SteadyTime now) {
  const MutexLock lock(mutex_);
  waiting_.emplace(call, now);
}

bool UnaryCalls::StopWaiting(UnaryCall* call) {
  const MutexLock lock(mutex_);
  return waiting_.erase(call) > 0;
}

}  // namespace belfry::ingest
