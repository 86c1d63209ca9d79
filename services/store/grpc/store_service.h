// SPDX-License-Identifier: Apache-2.0
// belfry.v1.StoreService over the sequencer and the feeds.
#pragma once

#include <memory>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/sequencer.h"
#include "services/store/grpc/reader_pool.h"

namespace grpc {
class Service;
}
namespace belfry::wire {
class HeadFirstCalls;
}

namespace belfry::store {

struct StoreServiceMetrics {
  static StoreServiceMetrics Make(Metrics& metrics);
  Counter feeds_read, feeds_failed;
  Counter fault_ahead, fault_window_passed, fault_history_lost;
  Counter lists_read, lists_failed;
  Counter logs_read, logs_out_of_range, logs_failed;
  Counter log_entries_read;
  Counter reads_refused;
  Histogram read_feed_seconds, list_seconds;
};

// Its handlers run on gRPC's threads; they decode, enqueue and return. The gate of `calls` says who
// may call. All must outlive it.
std::unique_ptr<grpc::Service> MakeStoreService(Sequencer& sequencer, FeedStore& store,
                                                ReaderPool& readers, wire::HeadFirstCalls& calls,
                                                const Clock& clock, StoreServiceMetrics metrics,
                                                Log log);

}  // namespace belfry::store
