// SPDX-License-Identifier: Apache-2.0
// Audiences to protos and back. Stateless; any thread.
#pragma once

#include "libs/common/audience.h"

namespace belfry::v1 {
class Operation;
class ReadAudienceRequest;
class ReadAudienceResponse;
class UpdateAudienceRequest;
class UpdateAudienceResponse;
class User;
}  // namespace belfry::v1

namespace belfry::wire {

void ToProto(const AudienceUser& user, v1::User* proto);
AudienceUser FromProto(const v1::User& proto);
void ToProto(const Operation& operation, v1::Operation* proto);
Operation FromProto(const v1::Operation& proto);

// All but `item`.
void ToProto(const AudienceUpdate& update, v1::UpdateAudienceRequest* proto);
// An op that this build does not know becomes kUnspecified.
AudienceUpdate FromProto(const v1::UpdateAudienceRequest& proto);
void ToProto(const AudienceUpdated& updated, v1::UpdateAudienceResponse* proto);
AudienceUpdated FromProto(const v1::UpdateAudienceResponse& proto);

void ToProto(const AudienceQuery& query, v1::ReadAudienceRequest* proto);
AudienceQuery FromProto(const v1::ReadAudienceRequest& proto);
void ToProto(const AudiencePage& page, v1::ReadAudienceResponse* proto);
AudiencePage FromProto(const v1::ReadAudienceResponse& proto);

}  // namespace belfry::wire
