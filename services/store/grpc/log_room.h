// SPDX-License-Identifier: Apache-2.0
// What the pages of ReadLog calls take until their callers have taken them, bounded for all calls
// together. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <unordered_map>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"

namespace belfry::store {

class LogRoom {
 public:
  struct Limits {
    std::size_t bytes_max = 16u << 20;
    // How long a page may wait for its caller where others need the room.
    Duration patience = std::chrono::seconds(10);
  };
  LogRoom() : LogRoom(Limits()) {}
  explicit LogRoom(Limits limits) : limits_(limits) {}
  LogRoom(const LogRoom&) = delete;
  LogRoom& operator=(const LogRoom&) = delete;

  // Room for a page of `bytes` of `call`, which has none yet; for one alone there always is. False:
  // there is none, and the calls whose pages have waited for too long are told to end: `end` runs
  // under a lock, at any time until GiveBack, and must neither block nor call this.
  bool Take(const void* call, std::size_t bytes, SteadyTime now, std::function<void()> end)
      BELFRY_EXCLUDES(mutex_);
  // `call` holds no page any more, if it has held one.
  void GiveBack(const void* call) BELFRY_EXCLUDES(mutex_);

 private:
  struct Page {
    std::size_t bytes;
    SteadyTime since;
    std::function<void()> end;
  };

  const Limits limits_;
  Mutex mutex_;
  std::size_t bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::unordered_map<const void*, Page> pages_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::store
