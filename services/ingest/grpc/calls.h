// SPDX-License-Identifier: Apache-2.0
// What NotifyService's calls have in common. Private to this room.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "belfry/v1/notify_service.pb.h"
#include "libs/common/result.h"
#include "services/ingest/core/item.h"

namespace google::protobuf {
class MessageLite;
}

namespace belfry::ingest {

// A call's message as one piece of memory.
class MessageBytes {
 public:
  explicit MessageBytes(const grpc::ByteBuffer& buffer);
  std::string_view view() const {
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }

 private:
  grpc::Slice slice_;
};

void Encode(const google::protobuf::MessageLite& message, grpc::ByteBuffer* buffer);

// The metadata "authorization", empty if it is not there or there more than once.
std::string Authorization(const grpc::ServerContextBase& context);

// The answer to a message of `bytes`, of which at most `bytes_max` are taken.
Error MessageTooLarge(std::size_t bytes, std::size_t bytes_max);

// How long the caller still waits; std::nullopt if they named no deadline.
std::optional<Duration> TimeLeft(const grpc::ServerContextBase& context);

// The answer to calls that come, or are still reading, while the service drains.
Error Draining();

void ToProto(const Appended& appended, v1::NotifyResponse& proto);
void ToProto(const Appended& appended, v1::BroadcastResponse& proto);
void ToProto(const Result<Appended>& result, v1::NotifyResult& proto);

}  // namespace belfry::ingest
