// SPDX-License-Identifier: Apache-2.0
// gRPC's messages as bytes, and protobuf's from and to them.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace belfry::wire {

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

// False: `buffer` is not an encoded message of that type.
bool Decode(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite* message);

void Encode(const google::protobuf::MessageLite& message, grpc::ByteBuffer* buffer);

}  // namespace belfry::wire
