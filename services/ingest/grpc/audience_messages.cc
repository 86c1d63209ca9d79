// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/audience_messages.h"

#include <utility>
#include <vector>

#include "libs/wire/codec/audience_codec.h"
#include "services/ingest/publish/audience_checks.h"

namespace belfry::ingest {
namespace {

constexpr std::uint32_t kLimitDefault = 100;

FieldNames Names() { return {"", false, ""}; }

Result<AudienceUpdate> Checked(AudienceUpdate update) {
  auto violations = CheckUpdate(update, Names());
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return update;
}

Result<AudienceQuery> Checked(AudienceQuery query) {
  auto violations = CheckQuery(query, Names());
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return query;
}

template <typename Request>
AudienceQuery PageOf(const Request& request, AudienceQueryKind kind) {
  AudienceQuery query{.kind = kind};
  query.after = request.after();
  query.limit = request.limit() == 0 ? kLimitDefault : request.limit();
  return query;
}

template <typename Request>
AudienceUpdate MembersOf(const Request& request, AudienceOp op) {
  AudienceUpdate update{.op = op};
  update.segment = request.segment();
  update.user_ids.assign(request.user_ids().begin(), request.user_ids().end());
  return update;
}

}  // namespace

Result<AudienceUpdate> ToUpdate(const v1::UpsertUsersRequest& request) {
  AudienceUpdate update{.op = AudienceOp::kUpsertUsers};
  for (const v1::User& user : request.users()) {
    update.users.push_back(wire::FromProto(user));
  }
  return Checked(std::move(update));
}

Result<AudienceUpdate> ToUpdate(const v1::CreateSegmentRequest& request) {
  AudienceUpdate update{.op = AudienceOp::kCreateSegment};
  update.segment = request.segment();
  return Checked(std::move(update));
}

Result<AudienceUpdate> ToUpdate(const v1::DeleteSegmentRequest& request) {
  AudienceUpdate update{.op = AudienceOp::kDeleteSegment};
  update.segment = request.segment();
  return Checked(std::move(update));
}

Result<AudienceUpdate> ToUpdate(const v1::AddMembersRequest& request) {
  return Checked(MembersOf(request, AudienceOp::kAddMembers));
}

Result<AudienceUpdate> ToUpdate(const v1::RemoveMembersRequest& request) {
  return Checked(MembersOf(request, AudienceOp::kRemoveMembers));
}

Result<AudienceUpdate> ToUpdate(const v1::EraseUserRequest& request) {
  AudienceUpdate update{.op = AudienceOp::kEraseUser};
  update.user_ids = {request.user_id()};
  return Checked(std::move(update));
}

Result<AudienceUpdate> ToUpdate(const v1::RevokeTokensRequest& request) {
  if (request.all_users() != request.user_id().empty()) {
    return Fail(InvalidFields(
        {{"user_id", "either a user_id or all_users must be given, and not both of them"}}));
  }
  AudienceUpdate update{.op = AudienceOp::kRevokeTokens};
  if (!request.all_users()) {
    update.user_ids = {request.user_id()};
  }
  return Checked(std::move(update));
}

Result<AudienceUpdate> ToUpdate(const v1::CloseStreamsRequest& request) {
  AudienceUpdate update{.op = AudienceOp::kCloseStreams};
  update.user_ids = {request.user_id()};
  return Checked(std::move(update));
}

void Fill(const AudienceUpdated&, v1::UpsertUsersResponse*) {}
void Fill(const AudienceUpdated& updated, v1::CreateSegmentResponse* response) {
  response->set_created(updated.changed);
}
void Fill(const AudienceUpdated&, v1::DeleteSegmentResponse*) {}
void Fill(const AudienceUpdated& updated, v1::AddMembersResponse* response) {
  response->set_members(updated.members);
}
void Fill(const AudienceUpdated& updated, v1::RemoveMembersResponse* response) {
  response->set_members(updated.members);
}
void Fill(const AudienceUpdated& updated, v1::EraseUserResponse* response) {
  response->set_operation_id(updated.operation_id);
}
void Fill(const AudienceUpdated& updated, v1::RevokeTokensResponse* response) {
  response->mutable_not_before()->set_seconds(TokensValidFrom(updated.revoked_us));
}
void Fill(const AudienceUpdated&, v1::CloseStreamsResponse*) {}
void Fill(const AudienceUpdated& updated, v1::NotifySegmentResponse* response) {
  response->set_operation_id(updated.operation_id);
  response->set_recipients(updated.recipients);
  response->set_duplicate(updated.duplicate);
}

Result<AudienceQuery> ToQuery(const v1::GetUserRequest& request) {
  AudienceQuery query{.kind = AudienceQueryKind::kUser};
  query.name = request.user_id();
  return Checked(std::move(query));
}

Result<AudienceQuery> ToQuery(const v1::ListUsersRequest& request) {
  return Checked(PageOf(request, AudienceQueryKind::kUsers));
}

Result<AudienceQuery> ToQuery(const v1::ListSegmentsRequest& request) {
  return Checked(PageOf(request, AudienceQueryKind::kSegments));
}

Result<AudienceQuery> ToQuery(const v1::ListMembersRequest& request) {
  AudienceQuery query = PageOf(request, AudienceQueryKind::kMembers);
  query.name = request.segment();
  return Checked(std::move(query));
}

Result<AudienceQuery> ToQuery(const v1::GetOperationRequest& request) {
  AudienceQuery query{.kind = AudienceQueryKind::kOperation};
  query.operation_id = request.operation_id();
  return Checked(std::move(query));
}

void Fill(const AudiencePage& page, v1::GetUserResponse* response) {
  wire::ToProto(page.users.empty() ? AudienceUser() : page.users.front(), response->mutable_user());
}

void Fill(const AudiencePage& page, v1::ListUsersResponse* response) {
  for (const AudienceUser& user : page.users) {
    wire::ToProto(user, response->add_users());
  }
  response->set_next_after(page.next_after);
}

void Fill(const AudiencePage& page, v1::ListSegmentsResponse* response) {
  for (const SegmentSize& segment : page.segments) {
    v1::Segment* const added = response->add_segments();
    added->set_segment(segment.segment);
    added->set_members(segment.members);
  }
  response->set_next_after(page.next_after);
}

void Fill(const AudiencePage& page, v1::ListMembersResponse* response) {
  for (const AudienceUser& user : page.users) {
    response->add_user_ids(user.user_id);
  }
  response->set_next_after(page.next_after);
}

void Fill(const AudiencePage& page, v1::GetOperationResponse* response) {
  wire::ToProto(page.operation, response->mutable_operation());
}

}  // namespace belfry::ingest
