// SPDX-License-Identifier: Apache-2.0
// Counts, lists and changes of the inbox to protos and back. Stateless; any thread.
#pragma once

#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::v1 {
class Counts;
class StateUpdate;
class StateUpdated;
class StoreServiceListNotificationsRequest;
class StoreServiceListNotificationsResponse;
}  // namespace belfry::v1

namespace belfry::wire {

void ToProto(const Counts& counts, v1::Counts* proto);
Counts FromProto(const v1::Counts& proto);

void ToProto(const StateUpdate& update, v1::StateUpdate* proto);
// Takes the strings over. An op that this build does not know becomes kUnspecified.
StateUpdate FromProto(v1::StateUpdate proto);
void ToProto(const StateUpdated& updated, v1::StateUpdated* proto);
StateUpdated FromProto(const v1::StateUpdated& proto);

void ToProto(const ListQuery& query, v1::StoreServiceListNotificationsRequest* proto);
ListQuery FromProto(const v1::StoreServiceListNotificationsRequest& proto);
void ToProto(const ListPage& page, v1::StoreServiceListNotificationsResponse* proto);
// kDataLoss: an entry that is none.
Result<ListPage> FromProto(v1::StoreServiceListNotificationsResponse proto);

}  // namespace belfry::wire
