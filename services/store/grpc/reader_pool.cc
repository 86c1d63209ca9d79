// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/reader_pool.h"

#include <utility>

namespace belfry::store {

ReaderPool::ReaderPool(std::size_t threads, std::size_t waiting_max, Gauge waiting)
    : waiting_max_(waiting_max), waiting_gauge_(waiting) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

ReaderPool::~ReaderPool() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

bool ReaderPool::Submit(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (ending_ || waiting_.size() >= waiting_max_) {
      return false;
    }
    waiting_.push_back(std::move(task));
    waiting_gauge_.Set(static_cast<double>(waiting_.size()));
  }
  changed_.NotifyOne();
  return true;
}

void ReaderPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      changed_.Wait(mutex_,
                    [this]() BELFRY_REQUIRES(mutex_) { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) {
        return;
      }
      task = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_gauge_.Set(static_cast<double>(waiting_.size()));
    }
    task();
  }
}

}  // namespace belfry::store
