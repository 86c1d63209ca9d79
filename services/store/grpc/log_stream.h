// SPDX-License-Identifier: Apache-2.0
// One ReadLog call: page by page, the next one read when the last one has left.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "services/store/core/feed_store.h"
#include "services/store/grpc/log_room.h"
#include "services/store/grpc/store_service.h"

namespace belfry::store {

// The reactor deletes itself at the end of the call. All must outlive the call.
grpc::ServerWriteReactor<v1::ReadLogResponse>* StartLogStream(
    const v1::ReadLogRequest& request, const grpc::CallbackServerContext& context, FeedStore& store,
    ReaderPool& readers, LogRoom& room, const Clock& clock, const StoreServiceMetrics& metrics,
    const Log& log);

}  // namespace belfry::store
