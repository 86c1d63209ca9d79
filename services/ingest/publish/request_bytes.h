// SPDX-License-Identifier: Apache-2.0
// NotifyService's requests from their bytes. gRPC would answer a request with a bad byte in a
// string with INTERNAL, and would refuse a whole batch for it: we name the field, item by item.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/ingest/publish/caller.h"

namespace belfry::ingest {

// A NotifyRequest, or with kBroadcast a BroadcastRequest. Fields that are not UTF-8 are in the
// PublishRequest's violations. kInvalidArgument: no protobuf message at all.
Result<PublishRequest> ParseNotifyRequest(std::string_view bytes, EntryKind kind);
// The same of a NotifySegmentRequest.
Result<PublishRequest> ParseSegmentRequest(std::string_view bytes);

inline constexpr std::size_t kBatchItemsMax = 1000;

// The items of a NotifyBatchRequest, each a NotifyRequest's bytes: views of `bytes`.
// kInvalidArgument: no protobuf message; none or more than kBatchItemsMax items.
Result<std::vector<std::string_view>> SplitBatch(std::string_view bytes);

// The item of a NotifyStreamRequest: a view of `bytes`, empty if there is none.
// kInvalidArgument: no protobuf message.
Result<std::string_view> StreamItem(std::string_view bytes);

// The error for a batch of `count` items, none or too many, in the list that is called `field`.
Error BatchSizeError(std::string field, std::size_t count);

}  // namespace belfry::ingest
