// SPDX-License-Identifier: Apache-2.0
#include "services/edge/api/user_rate.h"

#include <algorithm>

namespace belfry::edge {

UserRate::UserRate(UserRateOptions options)
    : options_(options),
      interval_(std::chrono::duration_cast<Duration>(std::chrono::seconds(1)) /
                std::max<std::int64_t>(options.per_second, 1)) {}

UserRate::Taken UserRate::Take(const std::string& user, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (full_at_.size() >= drop_at_size_) {
    std::erase_if(full_at_, [now](const auto& kept) { return kept.second <= now; });
    drop_at_size_ = std::max<std::size_t>(1024, full_at_.size() * 2);
  }
  SteadyTime& kept = full_at_.try_emplace(user, now).first->second;
  kept = std::max(kept, now);
  const SteadyTime latest = now + interval_ * options_.burst;
  Taken taken;
  taken.admitted = kept + interval_ <= latest;
  if (taken.admitted) {
    kept += interval_;
  }
  taken.left = (latest - kept) / interval_;
  taken.wait = interval_ * (taken.left + 1) - (latest - kept);
  return taken;
}

std::size_t UserRate::users() const {
  const MutexLock lock(mutex_);
  return full_at_.size();
}

}  // namespace belfry::edge
