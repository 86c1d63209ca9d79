// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/notify_service.h"

#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/grpc/stream_call.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {
namespace {

// Raw: requests come as bytes (see publish/request_bytes.h).
using Service = v1::NotifyService;
using RawService = Service::WithRawCallbackMethod_Notify<
    Service::WithRawCallbackMethod_NotifyBatch<Service::WithRawCallbackMethod_NotifyStream<
        Service::WithRawCallbackMethod_Broadcast<Service::Service>>>>;

class NotifyServiceImpl final : public NotifyService, private RawService {
 public:
  NotifyServiceImpl(Publisher& publisher, StreamLimits limits)
      : publisher_(publisher), limits_(limits), streams_(publisher.metrics().streams) {}

  grpc::Service* service() override { return this; }
  void Drain() override { streams_.Drain(); }
  std::size_t active() const override { return active_.load() + streams_.size(); }

 private:
  grpc::ServerUnaryReactor* Notify(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return Unary(UnaryMethod::kNotify, context, request, response);
  }
  grpc::ServerUnaryReactor* NotifyBatch(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Unary(UnaryMethod::kNotifyBatch, context, request, response);
  }
  grpc::ServerUnaryReactor* Broadcast(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Unary(UnaryMethod::kBroadcast, context, request, response);
  }
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NotifyStream(
      grpc::CallbackServerContext* context) override {
    auto* call = new StreamCall(publisher_, limits_, streams_);
    call->Run(*context);
    return call;
  }

  grpc::ServerUnaryReactor* Unary(UnaryMethod method, grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
    auto* call = new UnaryCall(publisher_, method, response, active_);
    if (streams_.draining()) {
      call->Refuse(Draining());
    } else {
      call->Run(*context, *request);
    }
    return call;
  }

  Publisher& publisher_;
  const StreamLimits limits_;
  std::atomic<std::size_t> active_{0};  // unary calls
  OpenStreams streams_;
};

}  // namespace

std::unique_ptr<NotifyService> NotifyService::Make(Publisher& publisher, StreamLimits limits) {
  return std::make_unique<NotifyServiceImpl>(publisher, limits);
}

}  // namespace belfry::ingest
