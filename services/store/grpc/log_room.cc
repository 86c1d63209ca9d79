// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/log_room.h"

#include <utility>

namespace belfry::store {

bool LogRoom::Take(const void* call, std::size_t bytes, SteadyTime now, std::function<void()> end) {
  const MutexLock lock(mutex_);
  if (bytes_ == 0 || bytes_ + bytes <= limits_.bytes_max) {
    bytes_ += bytes;
    pages_.emplace(call, Page{bytes, now, std::move(end)});
    return true;
  }
  for (const auto& [other, page] : pages_) {
    if (page.since + limits_.patience <= now) {
      page.end();
    }
  }
  return false;
}

void LogRoom::GiveBack(const void* call) {
  const MutexLock lock(mutex_);
  const auto found = pages_.find(call);
  if (found != pages_.end()) {
    bytes_ -= found->second.bytes;
    pages_.erase(found);
  }
}

}  // namespace belfry::store
