// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/notify_service.h"

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <utility>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/grpc/notify_work.h"
#include "services/ingest/grpc/stream_call.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {
namespace {

// Raw: requests come as bytes (see publish/request_bytes.h).
using Service = v1::NotifyService;
using RawService = Service::WithRawCallbackMethod_Notify<Service::WithRawCallbackMethod_NotifyBatch<
    Service::WithRawCallbackMethod_NotifyStream<Service::WithRawCallbackMethod_Broadcast<
        Service::WithRawCallbackMethod_NotifySegment<Service::Service>>>>>;

}  // namespace

class NotifyService::Impl final : public RawService {
 public:
  Impl(Audience& audience, StreamLimits limits)
      : audience_(audience),
        publisher_(audience.publisher()),
        limits_(limits),
        streams_(publisher_.metrics().streams) {}

  void Drain() { streams_.Drain(); }
  std::size_t active() const { return active_.load() + streams_.size(); }

 private:
  grpc::ServerUnaryReactor* Notify(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return Unary(std::make_unique<NotifyWork>(publisher_, EntryKind::kNotification), context,
                 request, response);
  }
  grpc::ServerUnaryReactor* NotifyBatch(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Unary(std::make_unique<NotifyBatchWork>(publisher_), context, request, response);
  }
  grpc::ServerUnaryReactor* Broadcast(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Unary(std::make_unique<NotifyWork>(publisher_, EntryKind::kBroadcast), context, request,
                 response);
  }
  grpc::ServerUnaryReactor* NotifySegment(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return Unary(std::make_unique<NotifySegmentWork>(audience_), context, request, response);
  }
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NotifyStream(
      grpc::CallbackServerContext* context) override {
    auto* call = new StreamCall(publisher_, limits_, streams_);
    call->Run(*context);
    return call;
  }

  grpc::ServerUnaryReactor* Unary(std::unique_ptr<UnaryWork> work,
                                  grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
    auto* call = new UnaryCall(publisher_, std::move(work), response, active_);
    if (streams_.draining()) {
      call->Refuse(Draining());
    } else {
      call->Run(*context, *request);
    }
    return call;
  }

  Audience& audience_;
  Publisher& publisher_;
  const StreamLimits limits_;
  std::atomic<std::size_t> active_{0};  // unary calls
  OpenStreams streams_;
};

NotifyService::NotifyService(Audience& audience, StreamLimits limits)
    : impl_(std::make_unique<Impl>(audience, limits)) {}
NotifyService::~NotifyService() = default;

grpc::Service* NotifyService::service() { return impl_.get(); }
void NotifyService::Drain() { impl_->Drain(); }
std::size_t NotifyService::active() const { return impl_->active(); }

}  // namespace belfry::ingest
