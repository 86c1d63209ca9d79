// SPDX-License-Identifier: Apache-2.0
// Gets items to the store: performs what the Batcher decides. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "services/ingest/core/batcher.h"
#include "services/ingest/core/store_link.h"

namespace belfry::ingest {

struct AppenderMetrics {
  Histogram append_seconds;            // one attempt, from its start to its end
  Histogram append_items;              // in one Append
  Histogram accept_to_commit_seconds;  // one item that was stored
  Counter retries;
  Gauge appends_in_flight;
};

class Appender {
 public:
  // `store` and `clock` must outlive it.
  Appender(BatchLimits limits, StoreLink& store, const Clock& clock, AppenderMetrics metrics);
  // Cancels what is in flight and waits for its end; every item is answered by then.
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  static OrderedGroupPtr OpenGroup() { return Batcher::OpenGroup(); }
  // See Batcher::Add. Answers may come before this returns.
  void Add(const OrderedGroupPtr& group, std::vector<ItemPtr> items);
  // See Batcher::Cancel. Afterwards every one of `items` has been or is just being answered.
  void Cancel(const std::vector<ItemPtr>& items);

  struct Load {
    std::size_t appends = 0;
    std::size_t waiting = 0;
  };
  Load load() const;

 private:
  struct Call {
    std::shared_ptr<AppendCall> call;
    SteadyTime started;
  };
  // What is to be performed once the lock is released.
  struct Work {
    Actions actions;
    std::vector<std::shared_ptr<AppendCall>> starts;  // of actions.sends, in order
    std::vector<std::shared_ptr<AppendCall>> cancels;
  };

  void Take(Work* work) BELFRY_REQUIRES(mutex_);
  void Perform(Work& work) BELFRY_EXCLUDES(mutex_);
  void OnDone(std::uint64_t append_id, AppendAnswer answer);
  void TickWhileBusy();

  const Clock& clock_;
  StoreLink& store_;
  const AppenderMetrics metrics_;

  mutable Mutex mutex_;
  Batcher batcher_ BELFRY_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Call> calls_ BELFRY_GUARDED_BY(mutex_);
  std::size_t performing_ BELFRY_GUARDED_BY(mutex_) = 0;  // OnDone calls that have not returned
  std::uint64_t retries_counted_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool stopping_ BELFRY_GUARDED_BY(mutex_) = false;
  CondVar changed_;

  std::thread ticker_;  // last: it uses all of the above
};

}  // namespace belfry::ingest
