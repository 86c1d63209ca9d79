// SPDX-License-Identifier: Apache-2.0
// How much of what was delivered to the cores they have not taken yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "libs/common/mutex.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/partition_log.h"

namespace belfry::edge {

// Thread-safe.
class Backlog {
 public:
  // `batch`, counted until its last owner lets go of it. `backlog` lives as long.
  static BatchPtr Count(const std::shared_ptr<Backlog>& backlog, BatchPtr batch) {
    std::size_t bytes = sizeof(Batch);
    for (const EntryPtr& entry : batch->entries) {
      bytes += EntryBytes(*entry);
    }
    backlog->Add(bytes);
    const Batch* counted = batch.get();
    return BatchPtr(counted, [backlog, bytes, batch = std::move(batch)](const Batch*) mutable {
      batch.reset();
      backlog->Subtract(bytes);
    });
  }

  // Waits until there is at most that much; false after `timeout`.
  bool WaitForAtMost(std::size_t bytes, std::chrono::milliseconds timeout) {
    const MutexLock lock(mutex_);
    return less_.WaitFor(mutex_, timeout,
                         [&]() BELFRY_REQUIRES(mutex_) { return bytes_ <= bytes; });
  }

  std::size_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  void Add(std::size_t bytes) {
    const MutexLock lock(mutex_);
    bytes_ += bytes;
  }
  void Subtract(std::size_t bytes) {
    const MutexLock lock(mutex_);
    bytes_ -= bytes;
    less_.NotifyAll();
  }

  mutable Mutex mutex_;
  CondVar less_;
  std::size_t bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
};

}  // namespace belfry::edge
