// SPDX-License-Identifier: Apache-2.0
// Decides one change of an audience: users' attributes, segments and their members, the beginning
// of an operation. Reads everything before it changes anything.
#pragma once

#include "libs/common/audience.h"
#include "libs/common/result.h"
#include "services/store/core/append.h"
#include "services/store/core/commit_draft.h"

namespace belfry::store {

// Decides `item`, which has an AudienceUpdate and whose users are loaded. An error changes nothing:
// kNotFound (SEGMENT_UNKNOWN), kFailedPrecondition (SEGMENTS_OF_USER), kResourceExhausted
// (OPERATIONS_MAX, IDS_EXHAUSTED), kInvalidArgument: what the caller is told. kUnavailable,
// kDataLoss: of Tables.
Result<AudienceUpdated> DecideAudience(CommitDraft& draft, const AppendItem& item);

}  // namespace belfry::store
