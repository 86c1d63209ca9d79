// SPDX-License-Identifier: Apache-2.0
// The unary calls over gRPC that have not ended, of all services, and what bounds them.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"

namespace belfry::ingest {

class UnaryCall;

struct MessageLimits {
  std::size_t bytes_max = 4 * 1024 * 1024;  // of one message of a producer
  // Between a call's head and its message, and how long an answer may wait to be taken.
  std::chrono::milliseconds patience{30'000};
};

class UnaryCalls {
 public:
  explicit UnaryCalls(MessageLimits limits) : limits_(limits) {}
  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;

  const MessageLimits& limits() const { return limits_; }
  // New calls end with UNAVAILABLE at once. Others go on.
  void Drain() { draining_.store(true); }
  bool draining() const { return draining_.load(); }
  // Calls that have not ended.
  std::size_t active() const { return active_.load(); }
  // Ends those whose callers have neither sent nor taken what they should since the patience's
  // begin. Called once a second or so.
  void EndStalled(SteadyTime now);

 private:
  friend UnaryCall;
  // From now on the call waits for its caller. It must take itself out before it goes.
  void Wait(UnaryCall* call, SteadyTime now);
  // False if it was not in: its time ran out, or it did not wait.
  bool StopWaiting(UnaryCall* call);

  const MessageLimits limits_;
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> active_{0};
  Mutex mutex_;
  std::unordered_map<UnaryCall*, SteadyTime> waiting_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::ingest
