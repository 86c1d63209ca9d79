// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/audience_request.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/names.h"
#include "libs/wire/codec/audience_codec.h"
#include "services/store/grpc/append_request.h"

namespace belfry::store {
namespace {

constexpr const char* kUserRule = "1 to 128 bytes of UTF-8 without control characters";
constexpr const char* kNameRule = "1 to 64 of [A-Za-z0-9_.-]";

// What an operation takes.
struct Takes {
  bool users = false;
  bool segment = false;
  bool segments = false;
  std::size_t user_ids_min = 0;
  std::size_t user_ids_max = 0;
};

Takes TakesOf(AudienceOp op) {
  switch (op) {
    case AudienceOp::kUpsertUsers:
      return {.users = true};
    case AudienceOp::kCreateSegment:
    case AudienceOp::kDeleteSegment:
      return {.segment = true};
    case AudienceOp::kAddMembers:
    case AudienceOp::kRemoveMembers:
      return {.segment = true, .user_ids_min = 1, .user_ids_max = kAudienceUsersMax};
    case AudienceOp::kNotifySegment:
      return {.segments = true, .user_ids_max = kAudienceUsersMax};
    case AudienceOp::kEraseUser:
      return {.user_ids_min = 1, .user_ids_max = 1};
    case AudienceOp::kRevokeTokens:
    case AudienceOp::kCloseStreams:
      return {.user_ids_max = 1};
    case AudienceOp::kUnspecified:
    case AudienceOp::kDropProject:
      break;
  }
  return {};
}

class Checker {
 public:
  void Require(bool good, std::string field, const char* allowed) {
    if (!good) {
      violations_.push_back({std::move(field), allowed});
    }
  }
  void CheckUser(const AudienceUser& user, const std::string& field) {
    Require(IsUserId(user.user_id), field + ".user_id", kUserRule);
    Require(user.attributes.size() <= kAttributesMax, field + ".attributes", "up to 32");
    for (const Attribute& attribute : user.attributes) {
      Require(IsSegmentName(attribute.key), field + ".attributes", kNameRule);
      Require(IsAttributeValue(attribute.value), field + ".attributes." + attribute.key,
              "1 to 128 bytes of UTF-8 without control characters and commas");
    }
    Require(user.segments.empty(), field + ".segments", "none");
  }
  std::vector<FieldViolation>& violations() { return violations_; }

 private:
  std::vector<FieldViolation> violations_;
};

std::vector<FieldViolation> FindViolations(const AudienceUpdate& update) {
  Checker check;
  const Takes takes = TakesOf(update.op);
  check.Require(IsProject(update.project), "project", kNameRule);
  check.Require(update.op != AudienceOp::kUnspecified, "op", "one that is asked for");
  check.Require(takes.users ? !update.users.empty() && update.users.size() <= kAudienceUsersMax
                            : update.users.empty(),
                "users", takes.users ? "1 to 1000" : "none");
  for (std::size_t i = 0; i < update.users.size(); ++i) {
    check.CheckUser(update.users[i], "users[" + std::to_string(i) + "]");
  }
  check.Require(takes.segment ? IsSegmentName(update.segment) : update.segment.empty(), "segment",
                takes.segment ? kNameRule : "none");
  check.Require(
      update.user_ids.size() >= takes.user_ids_min && update.user_ids.size() <= takes.user_ids_max,
      "user_ids",
      takes.user_ids_max > 1    ? "up to 1000"
      : takes.user_ids_max == 1 ? "one"
                                : "none");
  for (std::size_t i = 0; i < update.user_ids.size(); ++i) {
    check.Require(IsUserId(update.user_ids[i]), "user_ids[" + std::to_string(i) + "]", kUserRule);
  }
  const bool expression = !update.segments.empty() &&
                          update.segments.size() <= kSegmentsJoinedMax &&
                          std::all_of(update.segments.begin(), update.segments.end(), IsSegment);
  check.Require(takes.segments ? expression : update.segments.empty(), "segments",
                takes.segments ? "1 to 8 names or attributes" : "none");
  return std::move(check.violations());
}

}  // namespace

Result<AppendItem> CheckAudienceUpdate(const v1::UpdateAudienceRequest& request) {
  AudienceUpdate update = wire::FromProto(request);
  Error error{Code::kInvalidArgument, "update audience: malformed request"};
  error.violations = FindViolations(update);
  AppendItem item;
  if (update.op == AudienceOp::kNotifySegment) {
    v1::AppendItem proto = request.item();
    auto checked = CheckSegmentItem(proto);
    if (checked.ok()) {
      item = std::move(*checked);
    } else {
      const auto& more = checked.error().violations;
      error.violations.insert(error.violations.end(), more.begin(), more.end());
    }
    if (checked.ok() && item.project != update.project) {
      error.violations.push_back({"item.project", "the same project"});
    }
  } else {
    item.kind = EntryKind::kUnspecified;
  }
  if (!error.violations.empty()) {
    return Fail(std::move(error));
  }
  return AudienceItem(std::move(update), std::move(item));
}

Result<AudienceQuery> CheckAudienceQuery(const v1::ReadAudienceRequest& request) {
  AudienceQuery query = wire::FromProto(request);
  Checker check;
  check.Require(IsProject(query.project), "project", kNameRule);
  check.Require(query.kind != AudienceQueryKind::kUnspecified, "kind", "one that is asked for");
  if (query.kind == AudienceQueryKind::kUser) {
    check.Require(IsUserId(query.name), "name", kUserRule);
  } else if (query.kind == AudienceQueryKind::kMembers) {
    check.Require(IsSegment(query.name), "name", "a segment's name, or key:value");
  }
  check.Require(query.after.size() <= 255, "after", "at most 255 bytes");
  if (check.violations().empty()) {
    return query;
  }
  Error error{Code::kInvalidArgument, "read audience: malformed request"};
  error.violations = std::move(check.violations());
  return Fail(std::move(error));
}

}  // namespace belfry::store
