// SPDX-License-Identifier: Apache-2.0
// Threads for reads that may wait for the disk, so that gRPC's own never do.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "libs/common/metrics.h"
#include "libs/common/mutex.h"

namespace belfry::store {

// Thread-safe.
class ReaderPool {
 public:
  ReaderPool(std::size_t threads, std::size_t waiting_max, Gauge waiting);
  // Runs what waits, then joins.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // Runs `task` on one of the threads. False: too many wait, or it is ending; not run.
  [[nodiscard]] bool Submit(std::function<void()> task);

 private:
  void Run();

  const std::size_t waiting_max_;
  const Gauge waiting_gauge_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> waiting_ BELFRY_GUARDED_BY(mutex_);
  bool ending_ BELFRY_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;
};

}  // namespace belfry::store
