// SPDX-License-Identifier: Apache-2.0
// A gRPC service whose handlers run when a call's head has come. gRPC's own services read a unary
// call's whole message first, so that whoever may not call at all fills our memory with messages
// that need never end. Here a handler judges the caller by the metadata, and reads the message only
// then (StartRead). On the wire a unary call is a stream of one message each way. What most
// handlers make is a HeadFirstCall (head_first_call.h).
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/wire/rpc/gate.h"

namespace belfry::wire {

// Filled before the server starts; then thread-safe, as its handlers are.
class HeadFirstService : public grpc::Service {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  // Returns the call's reactor, which deletes itself in OnDone.
  using Handler = std::function<Reactor*(const CallHead& head)>;

  // `name`: as the proto file has it, "belfry.v1.NotifyService".
  explicit HeadFirstService(std::string name) : name_(std::move(name)) {}
  // Serves the method `name`, "Notify".
  void Add(std::string_view name, Handler handler);

 private:
  const std::string name_;
  std::vector<std::unique_ptr<const std::string>> paths_;  // gRPC points to them
};

}  // namespace belfry::wire
