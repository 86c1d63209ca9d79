// SPDX-License-Identifier: Apache-2.0
// One ReadLog call: page by page, the next one read when the last one has left.
#pragma once

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/wire/rpc/head_first_call.h"
#include "services/store/core/feed_store.h"
#include "services/store/grpc/log_room.h"
#include "services/store/grpc/reader_pool.h"
#include "services/store/grpc/store_service.h"

namespace belfry::store {

// The reactor deletes itself at the end of the call. All must outlive the call.
wire::HeadFirstService::Reactor* StartLogStream(const wire::CallHead& head,
                                                wire::HeadFirstCalls& calls, FeedStore& store,
                                                ReaderPool& readers, LogRoom& room,
                                                const Clock& clock,
                                                const StoreServiceMetrics& metrics, const Log& log);

}  // namespace belfry::store
