// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/message_bytes.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/impl/grpc_library.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace belfry::wire {

MessageBytes::MessageBytes(const grpc::ByteBuffer& buffer) {
  if (!buffer.TrySingleSlice(&slice_).ok() && !buffer.DumpToSingleSlice(&slice_).ok()) {
    slice_ = grpc::Slice();
  }
}

bool Decode(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite* message) {
  grpc::ByteBuffer same(buffer);  // counts a reference: the reader wants it for itself
  grpc::ProtoBufferReader reader(&same);
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

void Encode(const google::protobuf::MessageLite& message, grpc::ByteBuffer* buffer) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  grpc::ByteBuffer encoded(&slice, 1);
  buffer->Swap(&encoded);
}

}  // namespace belfry::wire
