// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/head_first.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>

#include <memory>
#include <utility>

namespace belfry::wire {

void HeadFirstService::Add(std::string_view name, Handler handler) {
  using Bidi = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  paths_.push_back(std::make_unique<const std::string>("/" + name_ + "/" + std::string(name)));
  const std::string& path = *paths_.back();
  AddMethod(new grpc::internal::RpcServiceMethod(
      path.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
  MarkMethodRawCallback(
      static_cast<int>(paths_.size()) - 1,
      new Bidi([&path, handler = std::move(handler)](grpc::CallbackServerContext* context) {
        return handler(CallHead(path, *context));
      }));
}

}  // namespace belfry::wire
