// SPDX-License-Identifier: Apache-2.0
// What NotifyService's calls have in common. Private to this room.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <optional>

#include "belfry/v1/notify_service.pb.h"
#include "libs/common/result.h"
#include "services/ingest/core/item.h"

namespace belfry::ingest {

// The answer to a message of `bytes`, of which at most `bytes_max` are taken.
Error MessageTooLarge(std::size_t bytes, std::size_t bytes_max);

// How long the caller still waits; std::nullopt if they named no deadline.
std::optional<Duration> TimeLeft(const grpc::ServerContextBase& context);

// The answer to calls that come, or are still reading, while the service drains.
Error Draining();

void ToProto(const PublishResult& appended, v1::NotifyResponse& proto);
void ToProto(const PublishResult& appended, v1::BroadcastResponse& proto);
void ToProto(const Result<PublishResult>& result, v1::NotifyResult& proto);

}  // namespace belfry::ingest
