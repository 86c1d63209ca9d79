// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/audience_service.h"

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <utility>

#include "belfry/v1/audience_service.grpc.pb.h"
#include "services/ingest/grpc/audience_work.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {
namespace {

// Raw, so that a call is charged before its message is parsed.
using Service = v1::AudienceService;
using RawReads = Service::WithRawCallbackMethod_GetUser<Service::WithRawCallbackMethod_ListUsers<
    Service::WithRawCallbackMethod_ListSegments<Service::WithRawCallbackMethod_ListMembers<
        Service::WithRawCallbackMethod_GetOperation<Service::Service>>>>>;
using RawService =
    Service::WithRawCallbackMethod_UpsertUsers<Service::WithRawCallbackMethod_CreateSegment<
        Service::WithRawCallbackMethod_DeleteSegment<Service::WithRawCallbackMethod_AddMembers<
            Service::WithRawCallbackMethod_RemoveMembers<RawReads>>>>>;

}  // namespace

class AudienceService::Impl final : public RawService {
 public:
  explicit Impl(Audience& audience) : audience_(audience) {}

  void Drain() { draining_.store(true); }
  std::size_t active() const { return active_.load(); }

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* UpsertUsers(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceChange<v1::UpsertUsersRequest, v1::UpsertUsersResponse>>(
                   audience_, AudienceOp::kUpsertUsers, "UpsertUsers"),
               context, in, out);
  }
  Reactor* CreateSegment(Context* context, const Bytes* in, Bytes* out) override {
    return Run(
        std::make_unique<AudienceChange<v1::CreateSegmentRequest, v1::CreateSegmentResponse>>(
            audience_, AudienceOp::kCreateSegment, "CreateSegment"),
        context, in, out);
  }
  Reactor* DeleteSegment(Context* context, const Bytes* in, Bytes* out) override {
    return Run(
        std::make_unique<AudienceChange<v1::DeleteSegmentRequest, v1::DeleteSegmentResponse>>(
            audience_, AudienceOp::kDeleteSegment, "DeleteSegment"),
        context, in, out);
  }
  Reactor* AddMembers(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceChange<v1::AddMembersRequest, v1::AddMembersResponse>>(
                   audience_, AudienceOp::kAddMembers, "AddMembers"),
               context, in, out);
  }
  Reactor* RemoveMembers(Context* context, const Bytes* in, Bytes* out) override {
    return Run(
        std::make_unique<AudienceChange<v1::RemoveMembersRequest, v1::RemoveMembersResponse>>(
            audience_, AudienceOp::kRemoveMembers, "RemoveMembers"),
        context, in, out);
  }
  Reactor* GetUser(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceRead<v1::GetUserRequest, v1::GetUserResponse>>(
                   audience_, AudienceQueryKind::kUser, "GetUser"),
               context, in, out);
  }
  Reactor* ListUsers(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceRead<v1::ListUsersRequest, v1::ListUsersResponse>>(
                   audience_, AudienceQueryKind::kUsers, "ListUsers"),
               context, in, out);
  }
  Reactor* ListSegments(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceRead<v1::ListSegmentsRequest, v1::ListSegmentsResponse>>(
                   audience_, AudienceQueryKind::kSegments, "ListSegments"),
               context, in, out);
  }
  Reactor* ListMembers(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceRead<v1::ListMembersRequest, v1::ListMembersResponse>>(
                   audience_, AudienceQueryKind::kMembers, "ListMembers"),
               context, in, out);
  }
  Reactor* GetOperation(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceRead<v1::GetOperationRequest, v1::GetOperationResponse>>(
                   audience_, AudienceQueryKind::kOperation, "GetOperation"),
               context, in, out);
  }

  Reactor* Run(std::unique_ptr<UnaryWork> work, Context* context, const Bytes* in, Bytes* out) {
    auto* call = new UnaryCall(audience_.publisher(), std::move(work), out, active_);
    if (draining_.load()) {
      call->Refuse(Draining());
    } else {
      call->Run(*context, *in);
    }
    return call;
  }

  Audience& audience_;
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> active_{0};
};

AudienceService::AudienceService(Audience& audience) : impl_(std::make_unique<Impl>(audience)) {}
AudienceService::~AudienceService() = default;

grpc::Service* AudienceService::service() { return impl_.get(); }
void AudienceService::Drain() { impl_->Drain(); }
std::size_t AudienceService::active() const { return impl_->active(); }

}  // namespace belfry::ingest
