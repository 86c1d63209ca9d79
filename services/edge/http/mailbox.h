// SPDX-License-Identifier: Apache-2.0
// How other threads reach a core: they leave work, the core does it all in one turn.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace belfry::edge {

// Thread-safe. Shared by the core and by whoever may still answer it after its end.
class Mailbox {
 public:
  using Work = std::function<void()>;

  // `wake` makes the core's thread call TakeAll; it is called under the lock, once until then.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // `work` is destroyed undone if the core has ended or ends first.
  void Put(Work work) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return;
    }
    waiting_.push_back(std::move(work));
    if (!std::exchange(awake_, true)) {
      wake_();
    }
  }

  std::vector<Work> TakeAll() {
    const std::lock_guard lock(mutex_);
    awake_ = false;
    return std::exchange(waiting_, {});
  }

  // Nothing is taken from now on; what waits is dropped.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  // Guarded by mutex_.
  const std::function<void()> wake_;
  std::vector<Work> waiting_;
  bool awake_ = false;
  bool closed_ = false;
};

}  // namespace belfry::edge
