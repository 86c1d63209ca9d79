// SPDX-License-Identifier: Apache-2.0
// A token bucket per API key, kept as one time each (GCRA, the virtual-scheduling form of ITU-T
// I.371's algorithm). Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/common/clock.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::ingest {

struct RateLimit {
  std::int64_t per_second = 50'000;  // 0: no limit
  std::int64_t burst = 50'000;       // at least 1: how many may come at once after a quiet time
  std::string_view what = "notifications";  // a token is one of them
};

class RateLimiter {
 public:
  explicit RateLimiter(RateLimit limit);

  // Takes `tokens` of `key_id`, all or none; more than a burst count as one burst, so that a full
  // bucket always suffices. kResourceExhausted: there are fewer; retry_after says when there are
  // enough (at least 1 ms).
  Status Take(std::string_view key_id, SteadyTime now, std::int64_t tokens = 1);

  // Takes `tokens` of `key_id`, or as many as are left: for work that is already done.
  void Charge(std::string_view key_id, std::int64_t tokens, SteadyTime now);

  struct State {
    std::int64_t left = 0;  // tokens that could be taken now
    Duration full_in{};     // until the bucket is full again
  };
  State Look(std::string_view key_id, SteadyTime now) const;
  const RateLimit& limit() const { return limit_; }

  // How many keys are remembered; ones that are full again are dropped from time to time.
  std::size_t keys() const;

 private:
  // When the bucket of `key_id` is full again.
  SteadyTime& FullAt(std::string_view key_id, SteadyTime now) BELFRY_REQUIRES(mutex_);
  void DropFull(SteadyTime now) BELFRY_REQUIRES(mutex_);

  // How long it takes until so many tokens are there.
  Duration Cost(std::int64_t tokens) const;

  const RateLimit limit_;
  mutable Mutex mutex_;
  // When each bucket will be full again.
  TextMap<SteadyTime> full_at_ BELFRY_GUARDED_BY(mutex_);
  std::size_t drop_at_size_ BELFRY_GUARDED_BY(mutex_) = 1024;
};

}  // namespace belfry::ingest
