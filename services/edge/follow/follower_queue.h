// SPDX-License-Identifier: Apache-2.0
// What waits for the follower's thread: announcements, of which only so many bytes may wait, and
// the store's answers, of which there are never many.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "libs/common/mutex.h"

namespace belfry::edge {

// Thread-safe. Shared by the thread and by answers that may come after its end.
class FollowerQueue {
 public:
  using Work = std::function<void()>;

  explicit FollowerQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: full, `work` was dropped, and Taken::overflowed will say so.
  bool PutAnnounced(std::size_t bytes, Work work) {
    const MutexLock lock(mutex_);
    if (closed_ || bytes_ + bytes > bytes_max_) {
      overflowed_ = overflowed_ || !closed_;
      return closed_;
    }
    bytes_ += bytes;
    Push(std::move(work));
    return true;
  }

  void PutAnswer(Work work) {
    const MutexLock lock(mutex_);
    if (!closed_) {
      Push(std::move(work));
    }
  }

  struct Taken {
    std::vector<Work> work;   // in the order of coming
    bool overflowed = false;  // some that came after these were dropped
  };
  // All there is; waits up to `timeout` for some.
  Taken Take(std::chrono::milliseconds timeout) {
    const MutexLock lock(mutex_);
    some_.WaitFor(mutex_, timeout,
                  [this]() BELFRY_REQUIRES(mutex_) { return !waiting_.empty() || closed_; });
    bytes_ = 0;
    return {std::exchange(waiting_, {}), std::exchange(overflowed_, false)};
  }

  // Drops what waits and whatever is put from now on.
  void Close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    waiting_.clear();
    some_.NotifyAll();
  }

 private:
  void Push(Work work) BELFRY_REQUIRES(mutex_) {
    waiting_.push_back(std::move(work));
    if (waiting_.size() == 1) {
      some_.NotifyOne();
    }
  }

  const std::size_t bytes_max_;
  Mutex mutex_;
  CondVar some_;
  std::vector<Work> waiting_ BELFRY_GUARDED_BY(mutex_);
  std::size_t bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool overflowed_ BELFRY_GUARDED_BY(mutex_) = false;
  bool closed_ BELFRY_GUARDED_BY(mutex_) = false;
};

}  // namespace belfry::edge
