// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/gated_service.h"

#include <google/protobuf/descriptor.h>
#include <grpc/grpc.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "libs/common/check.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

using grpc::internal::MethodHandler;
using Bytes = grpc::ByteBuffer;

// Ends a call that was not admitted.
class Refusal final : public grpc::ServerBidiReactor<Bytes, Bytes> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// Reads the one message that gRPC would have read before the handler ran, then runs the handler.
// Owns itself. A call that ends before its message has come is the handler's to end: for it that
// is a message that cannot be parsed.
class FirstMessage final : public grpc_completion_queue_functor {
 public:
  FirstMessage(MethodHandler& handler, const MethodHandler::HandlerParameter& call)
      : handler_(handler), call_(call) {
    functor_run = [](grpc_completion_queue_functor* self, int /*ok*/) {
      static_cast<FirstMessage*>(self)->Run();
    };
    inlineable = false;
  }

  void Read() {
    grpc_op op{};
    op.op = GRPC_OP_RECV_MESSAGE;
    op.data.recv_message.recv_message = &message_;
    const grpc_call_error error = grpc_call_start_batch(call_.call->call(), &op, 1, this, nullptr);
    BELFRY_CHECK(error == GRPC_CALL_OK);
  }

 private:
  void Run() {
    grpc::Status status = call_.status;
    void* data = nullptr;
    void* const request = handler_.Deserialize(call_.call->call(), message_, &status, &data);
    handler_.RunHandler(
        {call_.call, call_.server_context, request, status, data, call_.call_requester});
    delete this;
  }

  MethodHandler& handler_;
  const MethodHandler::HandlerParameter call_;
  grpc_byte_buffer* message_ = nullptr;
};

// Reaches the handlers of a service, which gRPC shows to its subclasses only.
class HandlersOf final : public grpc::Service {
 public:
  static MethodHandler* Get(grpc::Service& service, int index) {
    return (service.*(&HandlersOf::GetHandler))(index);
  }
};

}  // namespace

class GatedService::Method final : public MethodHandler {
 public:
  Method(MethodHandler& inner, bool one_request, std::string_view path, Gate gate)
      : inner_(inner), one_request_(one_request), path_(path), gate_(std::move(gate)) {}

  void RunHandler(const HandlerParameter& call) override {
    const Status admitted = gate_(CallHead(path_, *call.server_context));
    if (!admitted.ok()) {
      grpc::internal::CallbackBidiHandler<Bytes, Bytes> refuse(
          [&admitted](grpc::CallbackServerContext*) {
            return new Refusal(ToGrpc(admitted.error()));
          });
      refuse.RunHandler(call);
    } else if (one_request_) {
      (new FirstMessage(inner_, call))->Read();
    } else {
      inner_.RunHandler(call);
    }
  }

 private:
  MethodHandler& inner_;
  const bool one_request_;  // else the service reads by itself
  const std::string_view path_;
  const Gate gate_;
};

GatedService::GatedService(grpc::Service& inner, const std::string& name, const Gate& gate) {
  const auto* const service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
  BELFRY_CHECK(service != nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    const auto& method = *service->method(i);
    MethodHandler* const handler = HandlersOf::Get(inner, i);
    BELFRY_CHECK(handler != nullptr);
    paths_.push_back("/" + name + "/" + method.name());
    // To gRPC each is a stream of requests: of these alone it does not read the first by itself.
    AddMethod(new grpc::internal::RpcServiceMethod(
        paths_.back().c_str(), grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
    MarkMethodCallback(i, new Method(*handler, !method.client_streaming(), paths_.back(), gate));
  }
}

}  // namespace belfry::wire
