// SPDX-License-Identifier: Apache-2.0
// UpdateAudience's and ReadAudience's requests, checked and translated. Stateless.
#pragma once

#include "services/store/core/append.h"

namespace belfry::v1 {
class ReadAudienceRequest;
class UpdateAudienceRequest;
}  // namespace belfry::v1

namespace belfry::store {

// kInvalidArgument names the fields that are wrong.
Result<AppendItem> CheckAudienceUpdate(const v1::UpdateAudienceRequest& request);
Result<AudienceQuery> CheckAudienceQuery(const v1::ReadAudienceRequest& request);

}  // namespace belfry::store
