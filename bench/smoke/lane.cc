// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/lane.h"

#include <sched.h>

#include <utility>

#include "libs/common/check.h"

namespace belfry::bench {

Lane::Lane() : thread_([this] { Run(); }) {
  Do([](Receiver&) {});  // the table is its own from here on
}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Lane::Begin(std::function<void(Receiver&)> work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = std::move(work);
    busy_ = true;
  }
  changed_.notify_all();
}

void Lane::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !busy_; });
}

void Lane::Run() {
  BELFRY_CHECK(unshare(CLONE_FILES) == 0);
  Receiver receiver;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return busy_ || stopping_; });
    if (stopping_) {
      return;
    }
    const auto work = std::exchange(work_, nullptr);
    lock.unlock();
    work(receiver);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace belfry::bench
