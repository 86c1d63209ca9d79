// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/audience_service.h"

#include <memory>
#include <string_view>

#include "belfry/v1/audience_service.grpc.pb.h"
#include "services/ingest/grpc/audience_work.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {

class AudienceService::Impl {
 public:
  Impl(Audience& audience, UnaryCalls& calls) : audience_(audience), calls_(calls) {
    AddChange<v1::UpsertUsersRequest, v1::UpsertUsersResponse>("UpsertUsers",
                                                               AudienceOp::kUpsertUsers);
    AddChange<v1::CreateSegmentRequest, v1::CreateSegmentResponse>("CreateSegment",
                                                                   AudienceOp::kCreateSegment);
    AddChange<v1::DeleteSegmentRequest, v1::DeleteSegmentResponse>("DeleteSegment",
                                                                   AudienceOp::kDeleteSegment);
    AddChange<v1::AddMembersRequest, v1::AddMembersResponse>("AddMembers", AudienceOp::kAddMembers);
    AddChange<v1::RemoveMembersRequest, v1::RemoveMembersResponse>("RemoveMembers",
                                                                   AudienceOp::kRemoveMembers);
    AddRead<v1::GetUserRequest, v1::GetUserResponse>("GetUser", AudienceQueryKind::kUser);
    AddRead<v1::ListUsersRequest, v1::ListUsersResponse>("ListUsers", AudienceQueryKind::kUsers);
    AddRead<v1::ListSegmentsRequest, v1::ListSegmentsResponse>("ListSegments",
                                                               AudienceQueryKind::kSegments);
    AddRead<v1::ListMembersRequest, v1::ListMembersResponse>("ListMembers",
                                                             AudienceQueryKind::kMembers);
    AddRead<v1::GetOperationRequest, v1::GetOperationResponse>("GetOperation",
                                                               AudienceQueryKind::kOperation);
  }

  grpc::Service* service() { return &service_; }

 private:
  // The methods' names are literals: works keep views of them.
  template <typename Request, typename Response>
  void AddChange(std::string_view method, AudienceOp op) {
    AddUnary(&service_, method, audience_.publisher(), calls_, [this, method, op] {
      return std::make_unique<AudienceChange<Request, Response>>(audience_, op, method);
    });
  }
  template <typename Request, typename Response>
  void AddRead(std::string_view method, AudienceQueryKind kind) {
    AddUnary(&service_, method, audience_.publisher(), calls_, [this, method, kind] {
      return std::make_unique<AudienceRead<Request, Response>>(audience_, kind, method);
    });
  }

  Audience& audience_;
  UnaryCalls& calls_;
  wire::HeadFirstService service_{v1::AudienceService::service_full_name()};
};

AudienceService::AudienceService(Audience& audience, UnaryCalls& calls)
    : impl_(std::make_unique<Impl>(audience, calls)) {}
AudienceService::~AudienceService() = default;

grpc::Service* AudienceService::service() { return impl_->service(); }

}  // namespace belfry::ingest
