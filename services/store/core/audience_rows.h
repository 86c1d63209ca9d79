// SPDX-License-Identifier: Apache-2.0
// The rows of audiences by what they mean, as typed_rows.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/store/core/audience_record.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

struct MemberRef {
  SegmentNumber segment = 0;
  std::string_view user_id;
};

// Rows by name, in the order asked for; std::nullopt where there is none. Errors of
// RowReader::Read; kDataLoss: a row is malformed.
Result<std::vector<std::optional<SegmentRecord>>> ReadSegments(
    RowReader& rows, std::string_view project, std::span<const std::string> segments);
Result<std::vector<std::optional<AudienceRecord>>> ReadAudience(RowReader& rows,
                                                                std::string_view project,
                                                                std::span<const std::string> users);
// No stays where there is no row.
Result<std::vector<MemberRecord>> ReadMembers(RowReader& rows, std::span<const MemberRef> members);
Result<std::optional<OperationContent>> ReadOperationContent(Tables& tables, OperationId operation);
Result<OperationId> ReadLastOperation(Tables& tables);

void SetSegment(CommitBatch& batch, std::string_view project, std::string_view segment,
                const SegmentRecord& record);
void RemoveSegment(CommitBatch& batch, std::string_view project, std::string_view segment);
// Without a stay the row goes.
void SetMember(CommitBatch& batch, const MemberRef& member, const MemberRecord& record);
void SetAudience(CommitBatch& batch, std::string_view project, std::string_view user_id,
                 const AudienceRecord& record);
void RemoveAudience(CommitBatch& batch, std::string_view project, std::string_view user_id);
void SetOperation(CommitBatch& batch, const OperationRecord& operation);
void SetOperationContent(CommitBatch& batch, OperationId operation,
                         const OperationContent& content);
void RemoveOperationContent(CommitBatch& batch, OperationId operation);
// What it says goes with it.
void RemoveOperation(CommitBatch& batch, OperationId operation);
void SetLastOperation(CommitBatch& batch, OperationId operation);

}  // namespace belfry::store
