// SPDX-License-Identifier: Apache-2.0
// The unary calls over gRPC that have not ended, of all services, and what bounds them.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "libs/common/clock.h"
#include "libs/wire/rpc/head_first_call.h"

namespace belfry::ingest {

struct MessageLimits {
  std::size_t bytes_max = 4 * 1024 * 1024;  // of one message of a producer
  // Between a call's head and its message, and how long an answer may wait to be taken.
  std::chrono::milliseconds patience{30'000};
};

class UnaryCalls {
 public:
  // `clock` must outlive it.
  UnaryCalls(MessageLimits limits, std::int64_t fruitless_max, const Clock& clock)
      : limits_(limits), calls_({limits.patience, fruitless_max}, clock) {}

  const MessageLimits& limits() const { return limits_; }
  wire::HeadFirstCalls& calls() { return calls_; }
  // Calls that have not ended.
  std::size_t active() const { return calls_.active(); }
  // New calls end with UNAVAILABLE at once. Others go on.
  void Drain() { draining_.store(true); }
  bool draining() const { return draining_.load(); }

 private:
  const MessageLimits limits_;
  std::atomic<bool> draining_{false};
  wire::HeadFirstCalls calls_;
};

}  // namespace belfry::ingest
