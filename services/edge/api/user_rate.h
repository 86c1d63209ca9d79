// SPDX-License-Identifier: Apache-2.0
// A token bucket per user, kept as one time each (GCRA). Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"

namespace belfry::edge {

struct UserRateOptions {
  std::int64_t per_second = 20;
  std::int64_t burst = 100;  // how many may come at once after a quiet time
};

class UserRate {
 public:
  explicit UserRate(UserRateOptions options);

  struct Taken {
    bool admitted = false;
    std::int64_t left = 0;  // requests that would be admitted now
    Duration wait{};        // until `left` rises
  };
  // Takes one of `user`, which names the project too.
  Taken Take(const std::string& user, SteadyTime now);

  const UserRateOptions& options() const { return options_; }
  // How many users are remembered; those whose bucket is full again are dropped.
  std::size_t users() const;

 private:
  const UserRateOptions options_;
  const Duration interval_;  // between two tokens
  mutable Mutex mutex_;
  // When each bucket will be full again.
  TextMap<SteadyTime> full_at_ BELFRY_GUARDED_BY(mutex_);
  std::size_t drop_at_size_ BELFRY_GUARDED_BY(mutex_) = 1024;
};

}  // namespace belfry::edge
