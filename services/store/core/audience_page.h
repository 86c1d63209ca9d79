// SPDX-License-Identifier: Apache-2.0
// What is known of a project's users, segments and operations, for those who ask.
#pragma once

#include "libs/common/audience.h"
#include "libs/common/result.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

// As committed; rows that change meanwhile may be seen before or after. A limit of 0 stands for
// 100. kNotFound: there is no such user (USER_UNKNOWN), segment (SEGMENT_UNKNOWN) or operation
// (OPERATION_UNKNOWN). kInvalidArgument: no such kind. Any thread that `tables` allows.
Result<AudiencePage> ReadAudience(Tables& tables, const AudienceQuery& query);

}  // namespace belfry::store
