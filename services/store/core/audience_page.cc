// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/audience_page.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/audience_rows.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/revocation_rows.h"

namespace belfry::store {
namespace {

constexpr std::size_t kPageDefault = 100;

Error Malformed() { return {Code::kDataLoss, "read rows: one is malformed"}; }

class Reader {
 public:
  Reader(Tables& tables, const AudienceQuery& query)
      : tables_(tables),
        query_(query),
        limit_(query.limit == 0 ? kPageDefault
                                : std::min<std::size_t>(query.limit, kAudiencePageMax)) {}

  Result<AudiencePage> Read() {
    switch (query_.kind) {
      case AudienceQueryKind::kUser:
        return ReadUser();
      case AudienceQueryKind::kUsers:
        return ReadUsers();
      case AudienceQueryKind::kSegments:
        return ReadSegments();
      case AudienceQueryKind::kMembers:
        return ReadMembers();
      case AudienceQueryKind::kOperation:
        return ReadOperation();
      case AudienceQueryKind::kRevocations:
        return ReadRevocations();
      case AudienceQueryKind::kUnspecified:
        break;
    }
    return Fail(Code::kInvalidArgument, "read audience: no such query", "QUERY_UNKNOWN");
  }

 private:
  struct Found {
    std::string user_id;
    AudienceRecord record;
  };

  // The first row to look at, for names that follow `key_of(after)`.
  std::string From(std::string key) const {
    return query_.after.empty() ? key : std::move(key) + '\0';
  }

  Result<AudiencePage> ReadUser() {
    auto records = store::ReadAudience(tables_, query_.project, {&query_.name, 1});
    if (!records.ok()) {
      return Fail(std::move(records.error()));
    }
    if (!records->front()) {
      return Fail(Code::kNotFound, "no such user: no attributes were set, and no segment has them",
                  "USER_UNKNOWN");
    }
    std::vector<Found> found;
    found.push_back({query_.name, std::move(*records->front())});
    return ToPage(std::move(found), {});
  }

  Result<AudiencePage> ReadUsers() {
    const auto rows =
        tables_.Scan(Table::kAudience, From(AudienceKey(query_.project, query_.after)), limit_ + 1);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    std::vector<Found> found;
    std::string next;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseNameInProject(row.key);
      auto record = DecodeAudienceRecord(row.value);
      if (!names || !record) {
        return Fail(Malformed());
      }
      if (names->project != query_.project) {
        break;
      }
      if (found.size() == limit_) {
        next = found.back().user_id;
        break;
      }
      found.push_back({std::string(names->name), std::move(*record)});
    }
    return ToPage(std::move(found), std::move(next));
  }

  // Leaves out segments that have been deleted.
  Result<AudiencePage> ToPage(std::vector<Found> found, std::string next) {
    std::vector<std::string> names;
    for (const Found& one : found) {
      for (const SegmentOfUser& segment : one.record.segments) {
        names.push_back(segment.name);
      }
    }
    const auto segments = store::ReadSegments(tables_, query_.project, names);
    if (!segments.ok()) {
      return Fail(segments.error());
    }
    AudiencePage page{.next_after = std::move(next)};
    auto segment = segments->begin();
    for (Found& one : found) {
      AudienceUser user{.user_id = std::move(one.user_id),
                        .attributes = std::move(one.record.attributes)};
      for (SegmentOfUser& of_user : one.record.segments) {
        const std::optional<SegmentRecord>& there = *segment++;
        if (there && there->number == of_user.number) {
          user.segments.push_back(std::move(of_user.name));
        }
      }
      page.users.push_back(std::move(user));
    }
    return page;
  }

  Result<AudiencePage> ReadSegments() {
    const auto rows =
        tables_.Scan(Table::kSegments, From(SegmentKey(query_.project, query_.after)), limit_ + 1);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    AudiencePage page;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseNameInProject(row.key);
      const auto record = DecodeSegmentRecord(row.value);
      if (!names || !record) {
        return Fail(Malformed());
      }
      if (names->project != query_.project) {
        break;
      }
      if (page.segments.size() == limit_) {
        page.next_after = page.segments.back().segment;
        break;
      }
      page.segments.push_back({std::string(names->name), record->members});
    }
    return page;
  }

  Result<AudiencePage> ReadMembers() {
    const auto segments = store::ReadSegments(tables_, query_.project, {&query_.name, 1});
    if (!segments.ok()) {
      return Fail(segments.error());
    }
    const std::optional<SegmentRecord>& segment = segments->front();
    if (!segment && query_.name.find(':') == std::string::npos) {
      return Fail(Code::kNotFound, "there is no segment \"" + query_.name + "\"",
                  "SEGMENT_UNKNOWN");
    }
    AudiencePage page;
    if (!segment) {
      return page;
    }
    const auto rows =
        tables_.Scan(Table::kMembers, From(MemberKey(segment->number, query_.after)), limit_ + 1);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    std::size_t looked_at = 0;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseMemberKey(row.key);
      const auto member = DecodeMemberRecord(row.value);
      if (!names || !member) {
        return Fail(Malformed());
      }
      if (names->segment != segment->number) {
        page.next_after.clear();
        return page;
      }
      if (looked_at++ == limit_) {
        break;
      }
      page.next_after = names->user_id;
      if (IsMember(*member)) {
        page.users.push_back({.user_id = std::string(names->user_id)});
      }
    }
    if (rows->size() <= limit_) {
      page.next_after.clear();
    }
    return page;
  }

  Result<AudiencePage> ReadOperation() {
    const std::string key = OperationKey(query_.operation_id);
    const auto rows = tables_.Read(Table::kOperations, {&key, 1});
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    auto operation =
        rows->front() ? DecodeOperationRecord(*rows->front()) : std::optional(OperationRecord());
    if (!operation) {
      return Fail(Malformed());
    }
    const bool told = operation->project == query_.project && operation->told.id != 0 &&
                      operation->told.kind != OperationKind::kSweep &&
                      operation->told.kind != OperationKind::kDropProject;
    if (!told) {
      return Fail(Code::kNotFound, "there is no such operation, or it ended more than a day ago",
                  "OPERATION_UNKNOWN");
    }
    return AudiencePage{.operation = std::move(operation->told)};
  }

  Result<AudiencePage> ReadRevocations() {
    if (!query_.after.empty() && !query_.after.starts_with(kRevokedPrefix)) {
      return Fail(Code::kInvalidArgument, "list revocations: no such page", "PAGE_UNKNOWN");
    }
    const auto rows = tables_.Scan(
        Table::kMeta, query_.after.empty() ? std::string(kRevokedPrefix) : query_.after + '\0',
        limit_ + 1);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    AudiencePage page;
    std::string last_key;
    for (const KeyedRow& row : *rows) {
      if (!row.key.starts_with(kRevokedPrefix)) {
        break;
      }
      if (page.revocations.size() == limit_) {
        page.next_after = last_key;
        break;
      }
      auto revocation = DecodeRevocation(row.key, row.value);
      if (!revocation) {
        return Fail(Malformed());
      }
      page.revocations.push_back(std::move(*revocation));
      last_key = row.key;
    }
    return page;
  }

  Tables& tables_;
  const AudienceQuery& query_;
  const std::size_t limit_;
};

}  // namespace

Result<AudiencePage> ReadAudience(Tables& tables, const AudienceQuery& query) {
  return Reader(tables, query).Read();
}

}  // namespace belfry::store
