// SPDX-License-Identifier: Apache-2.0
// How other threads reach a core: they put work here, and the core runs all of it in one turn.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "libs/common/mutex.h"

namespace belfry::edge {

// Thread-safe. Shared by the core and by answers that may come after its end.
class Mailbox {
 public:
  using Work = std::function<void()>;

  // `wake` makes the core's thread call TakeAll. It is called once until then, without the lock and
  // never after Close has returned; it must not call Close.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // `work` is destroyed without being run if the core has ended or ends first.
  void Put(Work work) BELFRY_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      if (closed_) {
        return;
      }
      waiting_.push_back(std::move(work));
      if (std::exchange(awake_, true)) {
        return;
      }
      ++waking_;
    }
    wake_();
    const MutexLock lock(mutex_);
    if (--waking_ == 0) {
      none_waking_.NotifyAll();
    }
  }

  std::vector<Work> TakeAll() BELFRY_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    awake_ = false;
    return std::exchange(waiting_, {});
  }

  // Drops what waits and whatever is put from now on. Waits for a `wake` that is running, so that
  // what it uses may be destroyed afterwards.
  void Close() BELFRY_EXCLUDES(mutex_) {
    std::vector<Work> dropped;  // destroyed without the lock
    const MutexLock lock(mutex_);
    closed_ = true;
    dropped.swap(waiting_);
    none_waking_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) { return waking_ == 0; });
  }

 private:
  const std::function<void()> wake_;
  Mutex mutex_;
  CondVar none_waking_;
  int waking_ BELFRY_GUARDED_BY(mutex_) = 0;  // calls of wake_ that have not returned
  std::vector<Work> waiting_ BELFRY_GUARDED_BY(mutex_);
  bool awake_ BELFRY_GUARDED_BY(mutex_) = false;
  bool closed_ BELFRY_GUARDED_BY(mutex_) = false;
};

}  // namespace belfry::edge
