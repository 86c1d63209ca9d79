// SPDX-License-Identifier: Apache-2.0
// The requests for audiences as what the store is asked, and its answers as responses. Private to
// this room.
//
// ToUpdate and ToQuery: kInvalidArgument names every bad field.
#pragma once

#include "belfry/v1/audience_service.pb.h"
#include "belfry/v1/inbox_service.pb.h"
#include "belfry/v1/notify_service.pb.h"
#include "libs/common/audience.h"
#include "libs/common/result.h"

namespace belfry::ingest {

Result<AudienceUpdate> ToUpdate(const v1::UpsertUsersRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::CreateSegmentRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::DeleteSegmentRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::AddMembersRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::RemoveMembersRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::EraseUserRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::RevokeTokensRequest& request);
Result<AudienceUpdate> ToUpdate(const v1::CloseStreamsRequest& request);

void Fill(const AudienceUpdated& updated, v1::UpsertUsersResponse* response);
void Fill(const AudienceUpdated& updated, v1::CreateSegmentResponse* response);
void Fill(const AudienceUpdated& updated, v1::DeleteSegmentResponse* response);
void Fill(const AudienceUpdated& updated, v1::AddMembersResponse* response);
void Fill(const AudienceUpdated& updated, v1::RemoveMembersResponse* response);
void Fill(const AudienceUpdated& updated, v1::EraseUserResponse* response);
void Fill(const AudienceUpdated& updated, v1::RevokeTokensResponse* response);
void Fill(const AudienceUpdated& updated, v1::CloseStreamsResponse* response);
void Fill(const AudienceUpdated& updated, v1::NotifySegmentResponse* response);

Result<AudienceQuery> ToQuery(const v1::GetUserRequest& request);
Result<AudienceQuery> ToQuery(const v1::ListUsersRequest& request);
Result<AudienceQuery> ToQuery(const v1::ListSegmentsRequest& request);
Result<AudienceQuery> ToQuery(const v1::ListMembersRequest& request);
Result<AudienceQuery> ToQuery(const v1::GetOperationRequest& request);

void Fill(const AudiencePage& page, v1::GetUserResponse* response);
void Fill(const AudiencePage& page, v1::ListUsersResponse* response);
void Fill(const AudiencePage& page, v1::ListSegmentsResponse* response);
void Fill(const AudiencePage& page, v1::ListMembersResponse* response);
void Fill(const AudiencePage& page, v1::GetOperationResponse* response);

}  // namespace belfry::ingest
