// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/audience_rows.h"

#include <utility>

#include "services/store/core/key_codec.h"
#include "services/store/core/read_rows.h"

namespace belfry::store {

Result<std::vector<std::optional<SegmentRecord>>> ReadSegments(
    RowReader& rows, std::string_view project, std::span<const std::string> segments) {
  std::vector<std::string> keys;
  keys.reserve(segments.size());
  for (const std::string& segment : segments) {
    keys.push_back(SegmentKey(project, segment));
  }
  return ReadRows<SegmentRecord>(rows, Table::kSegments, keys, DecodeSegmentRecord);
}

Result<std::vector<std::optional<AudienceRecord>>> ReadAudience(
    RowReader& rows, std::string_view project, std::span<const std::string> users) {
  std::vector<std::string> keys;
  keys.reserve(users.size());
  for (const std::string& user : users) {
    keys.push_back(AudienceKey(project, user));
  }
  return ReadRows<AudienceRecord>(rows, Table::kAudience, keys, DecodeAudienceRecord);
}

Result<std::vector<MemberRecord>> ReadMembers(RowReader& rows, std::span<const MemberRef> members) {
  std::vector<std::string> keys;
  keys.reserve(members.size());
  for (const MemberRef& member : members) {
    keys.push_back(MemberKey(member.segment, member.user_id));
  }
  auto found = ReadRows<MemberRecord>(rows, Table::kMembers, keys, DecodeMemberRecord);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  std::vector<MemberRecord> records;
  records.reserve(found->size());
  for (std::optional<MemberRecord>& record : *found) {
    records.push_back(std::move(record).value_or(MemberRecord{}));
  }
  return records;
}

Result<std::optional<OperationContent>> ReadOperationContent(Tables& tables,
                                                             OperationId operation) {
  auto found = ReadRows<OperationContent>(tables, Table::kOperations,
                                          {OperationContentKey(operation)}, DecodeOperationContent);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return std::move(found->front());
}

Result<OperationId> ReadLastOperation(Tables& tables) {
  auto found =
      ReadRows<std::uint64_t>(tables, Table::kMeta, {std::string(kLastOperationKey)}, DecodeNumber);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return found->front().value_or(0);
}

void SetSegment(CommitBatch& batch, std::string_view project, std::string_view segment,
                const SegmentRecord& record) {
  batch.Put(Table::kSegments, SegmentKey(project, segment), EncodeSegmentRecord(record));
}

void RemoveSegment(CommitBatch& batch, std::string_view project, std::string_view segment) {
  batch.Remove(Table::kSegments, SegmentKey(project, segment));
}

void SetMember(CommitBatch& batch, const MemberRef& member, const MemberRecord& record) {
  std::string key = MemberKey(member.segment, member.user_id);
  if (record.stays.empty()) {
    batch.Remove(Table::kMembers, std::move(key));
  } else {
    batch.Put(Table::kMembers, std::move(key), EncodeMemberRecord(record));
  }
}

void SetAudience(CommitBatch& batch, std::string_view project, std::string_view user_id,
                 const AudienceRecord& record) {
  batch.Put(Table::kAudience, AudienceKey(project, user_id), EncodeAudienceRecord(record));
}

void RemoveAudience(CommitBatch& batch, std::string_view project, std::string_view user_id) {
  batch.Remove(Table::kAudience, AudienceKey(project, user_id));
}

void SetOperation(CommitBatch& batch, const OperationRecord& operation) {
  batch.Put(Table::kOperations, OperationKey(operation.told.id), EncodeOperationRecord(operation));
}

void SetOperationContent(CommitBatch& batch, OperationId operation,
                         const OperationContent& content) {
  batch.Put(Table::kOperations, OperationContentKey(operation), EncodeOperationContent(content));
}

void RemoveOperationContent(CommitBatch& batch, OperationId operation) {
  batch.Remove(Table::kOperations, OperationContentKey(operation));
}

void RemoveOperation(CommitBatch& batch, OperationId operation) {
  batch.Remove(Table::kOperations, OperationKey(operation));
  RemoveOperationContent(batch, operation);
}

void SetLastOperation(CommitBatch& batch, OperationId operation) {
  batch.Put(Table::kMeta, std::string(kLastOperationKey), EncodeNumber(operation));
}

}  // namespace belfry::store
