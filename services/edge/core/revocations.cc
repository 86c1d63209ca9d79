// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/revocations.h"

#include <algorithm>

#include "libs/common/planted_fault.h"
#include "libs/common/revocation.h"

namespace belfry::edge {

void Revocations::Revoke(std::string_view project, std::string_view user_id, std::int64_t at_us) {
  const MutexLock lock(mutex_);
  DropExpired(at_us);
  const bool is_new = at_us_.find(std::pair(project, user_id)) == at_us_.end();
  if (!user_id.empty() && is_new && at_us_.size() >= options_.users_max) {
    Set(project, {}, at_us);
  } else {
    Set(project, user_id, at_us);
  }
}

void Revocations::Set(std::string_view project, std::string_view user_id, std::int64_t at_us) {
  const auto found = at_us_.find(std::pair(project, user_id));
  if (found == at_us_.end()) {
    const Key key(project, user_id);
    at_us_.emplace(key, at_us);
    by_time_.emplace(at_us, key);
  } else if (found->second < at_us) {
    by_time_.erase(std::pair(found->second, found->first));
    found->second = at_us;
    by_time_.emplace(at_us, found->first);
  }
}

// What time it is, the newest one says by the store's clock, and this machine by its own: while one
// of them is far ahead, nothing is dropped for it.
void Revocations::DropExpired(std::int64_t newest_us) {
  if (!by_time_.empty()) {
    newest_us = std::max(newest_us, by_time_.rbegin()->first);
  }
  const std::int64_t now_us = Planted(PlantedFault::kRevocationsDroppedByOneClock)
                                  ? newest_us
                                  : std::min(newest_us, clock_.UnixMicros());
  const std::int64_t expired_us = now_us - options_.keep_s * 1'000'000;
  while (!by_time_.empty() && by_time_.begin()->first < expired_us) {
    at_us_.erase(by_time_.begin()->second);
    by_time_.erase(by_time_.begin());
  }
}

bool Revocations::IsRevoked(std::string_view project, std::string_view user_id,
                            std::int64_t issued_s) const {
  const MutexLock lock(mutex_);
  return Covers(project, user_id, issued_s) || Covers(project, {}, issued_s);
}

bool Revocations::Covers(std::string_view project, std::string_view user_id,
                         std::int64_t issued_s) const {
  const auto found = at_us_.find(std::pair(project, user_id));
  return found != at_us_.end() && issued_s < TokensValidFrom(found->second);
}

bool Revocations::loaded() const {
  const MutexLock lock(mutex_);
  return loaded_;
}

void Revocations::SetLoaded() {
  const MutexLock lock(mutex_);
  loaded_ = true;
}

std::size_t Revocations::size() const {
  const MutexLock lock(mutex_);
  return at_us_.size();
}

}  // namespace belfry::edge
