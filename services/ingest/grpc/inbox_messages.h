// SPDX-License-Identifier: Apache-2.0
// InboxService's requests as what the store is asked, and its answers as responses. Private to this
// room.
//
// ToQuery and ToUpdate: kInvalidArgument names every bad field. Fill: kDataLoss, an entry that is
// no notification; kNotFound, what was asked for is not there.
#pragma once

#include "belfry/v1/inbox_service.pb.h"
#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::ingest {

Result<ListQuery> ToQuery(const v1::ListNotificationsRequest& request);
Result<ListQuery> ToQuery(const v1::GetNotificationRequest& request);
Result<ListQuery> ToQuery(const v1::GetCountsRequest& request);
Result<ListQuery> ToQuery(const v1::GetPreferencesRequest& request);

Status Fill(const ListPage& page, v1::ListNotificationsResponse* response);
Status Fill(const ListPage& page, v1::GetNotificationResponse* response);
Status Fill(const ListPage& page, v1::GetCountsResponse* response);
Status Fill(const ListPage& page, v1::GetPreferencesResponse* response);

Result<StateUpdate> ToUpdate(const v1::MarkRequest& request);
Result<StateUpdate> ToUpdate(const v1::MarkAllRequest& request);
Result<StateUpdate> ToUpdate(const v1::MarkSeenRequest& request);
Result<StateUpdate> ToUpdate(const v1::SetPreferencesRequest& request);
Result<StateUpdate> ToUpdate(const v1::RetractRequest& request);

// `change` is what was asked for.
Status Fill(const StateChange& change, const StateUpdated& updated, v1::MarkResponse* response);
Status Fill(const StateChange& change, const StateUpdated& updated, v1::MarkAllResponse* response);
Status Fill(const StateChange& change, const StateUpdated& updated, v1::MarkSeenResponse* response);
Status Fill(const StateChange& change, const StateUpdated& updated,
            v1::SetPreferencesResponse* response);
Status Fill(const StateChange& change, const StateUpdated& updated, v1::RetractResponse* response);

}  // namespace belfry::ingest
