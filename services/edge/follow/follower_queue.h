// SPDX-License-Identifier: Apache-2.0
// What waits for the follower's thread: announcements, of which only so many bytes may wait, and
// the store's answers, of which there are never many.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace belfry::edge {

// Thread-safe. Shared by the thread and by whoever may still answer it after its end.
class FollowerQueue {
 public:
  using Work = std::function<void()>;

  explicit FollowerQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: full, `work` was dropped, and Taken::overflowed will say so.
  bool PutAnnounced(std::size_t bytes, Work work) {
    const std::lock_guard lock(mutex_);
    if (closed_ || bytes_ + bytes > bytes_max_) {
      overflowed_ = overflowed_ || !closed_;
      return closed_;
    }
    bytes_ += bytes;
    Push(std::move(work));
    return true;
  }

  void PutAnswer(Work work) {
    const std::lock_guard lock(mutex_);
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
    std::unique_lock lock(mutex_);
    some_.wait_for(lock, timeout, [this] { return !waiting_.empty() || closed_; });
    bytes_ = 0;
    return {std::exchange(waiting_, {}), std::exchange(overflowed_, false)};
  }

  // Nothing is taken from now on.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
    some_.notify_all();
  }

 private:
  void Push(Work work) {
    waiting_.push_back(std::move(work));
    if (waiting_.size() == 1) {
      some_.notify_one();
    }
  }

  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable some_;
  // Guarded by mutex_.
  std::vector<Work> waiting_;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
  bool closed_ = false;
};

}  // namespace belfry::edge
