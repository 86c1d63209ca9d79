// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/rate_limiter.h"

#include <algorithm>

namespace belfry::ingest {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

}  // namespace

RateLimiter::RateLimiter(RateLimit limit) : limit_(limit) {}

Duration RateLimiter::Cost(std::int64_t tokens) const {
  return Duration(tokens * kSecondNs / limit_.per_second);
}

Status RateLimiter::Take(std::string_view key_id, SteadyTime now, std::int64_t tokens) {
  if (limit_.per_second <= 0) {
    return {};
  }
  const std::int64_t burst = std::max<std::int64_t>(limit_.burst, 1);
  const MutexLock lock(mutex_);
  SteadyTime& kept = FullAt(key_id, now);
  const SteadyTime full_at = std::max(kept, now) + Cost(std::min(tokens, burst));
  const SteadyTime latest = now + Cost(burst);
  if (full_at > latest) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(full_at - latest);
    Error error{Code::kResourceExhausted,
                "API key " + std::string(key_id) + ": more than " +
                    std::to_string(limit_.per_second) + " " + std::string(limit_.what) +
                    " per second",
                "RATE_LIMITED",
                {},
                std::max(wait, std::chrono::milliseconds(1))};
    return Fail(std::move(error));
  }
  kept = full_at;
  return {};
}

void RateLimiter::Charge(std::string_view key_id, std::int64_t tokens, SteadyTime now) {
  if (limit_.per_second <= 0) {
    return;
  }
  const std::int64_t burst = std::max<std::int64_t>(limit_.burst, 1);
  const MutexLock lock(mutex_);
  SteadyTime& kept = FullAt(key_id, now);
  const SteadyTime full_at = std::max(kept, now) + Cost(std::min(tokens, burst));
  kept = std::max(kept, std::min(full_at, now + Cost(burst)));
}

RateLimiter::State RateLimiter::Look(std::string_view key_id, SteadyTime now) const {
  const std::int64_t burst = std::max<std::int64_t>(limit_.burst, 1);
  if (limit_.per_second <= 0) {
    return {burst, {}};
  }
  const MutexLock lock(mutex_);
  const auto found = full_at_.find(key_id);
  const Duration full_in = found == full_at_.end() || found->second <= now
                               ? Duration::zero()
                               : Duration(found->second - now);
  // A token that is not whole yet is missing.
  const std::int64_t missing = (full_in.count() * limit_.per_second + kSecondNs - 1) / kSecondNs;
  return {std::max<std::int64_t>(burst - missing, 0), full_in};
}

std::size_t RateLimiter::keys() const {
  const MutexLock lock(mutex_);
  return full_at_.size();
}

SteadyTime& RateLimiter::FullAt(std::string_view key_id, SteadyTime now) {
  const auto found = full_at_.find(key_id);
  if (found != full_at_.end()) {
    return found->second;
  }
  if (full_at_.size() >= drop_at_size_) {
    DropFull(now);
  }
  return full_at_.emplace(key_id, now).first->second;
}

void RateLimiter::DropFull(SteadyTime now) {
  std::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
  drop_at_size_ = std::max<std::size_t>(1024, full_at_.size() * 2);
}

}  // namespace belfry::ingest
