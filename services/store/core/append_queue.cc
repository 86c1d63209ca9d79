// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/append_queue.h"

#include <utility>

namespace belfry::store {

AppendQueue::Pushed AppendQueue::Push(PendingAppend& call) {
  const std::size_t items = call.items.size();
  std::size_t bytes = 0;
  for (const AppendItem& item : call.items) {
    bytes += item.bytes(partitions_);
  }
  {
    const MutexLock lock(mutex_);
    if (closed_) {
      return Pushed::kClosed;
    }
    if (!waiting_.empty() &&
        (items_ + items > limits_.items_max || bytes_ + bytes > limits_.bytes_max)) {
      return Pushed::kFull;
    }
    items_ += items;
    bytes_ += bytes;
    waiting_.push_back({std::move(call), bytes});
    items_gauge_.Set(static_cast<double>(items_));
    bytes_gauge_.Set(static_cast<double>(bytes_));
  }
  changed_.NotifyOne();
  return Pushed::kYes;
}

std::vector<PendingAppend> AppendQueue::Take(std::size_t items_max, std::size_t bytes_max) {
  std::vector<PendingAppend> taken;
  std::size_t items = 0;
  std::size_t bytes = 0;
  const MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    Waiting& next = waiting_.front();
    const std::size_t next_items = next.call.items.size();
    if (!taken.empty() && (items + next_items > items_max || bytes + next.bytes > bytes_max)) {
      break;
    }
    items += next_items;
    bytes += next.bytes;
    taken.push_back(std::move(next.call));
    waiting_.pop_front();
  }
  items_ -= items;
  bytes_ -= bytes;
  items_gauge_.Set(static_cast<double>(items_));
  bytes_gauge_.Set(static_cast<double>(bytes_));
  return taken;
}

void AppendQueue::Wait(Duration timeout) {
  const MutexLock lock(mutex_);
  changed_.WaitFor(mutex_, timeout,
                   [this]() BELFRY_REQUIRES(mutex_) { return !waiting_.empty() || closed_; });
}

void AppendQueue::Close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace belfry::store
