// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/audience_checks.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "libs/common/names.h"
#include "libs/common/text.h"

namespace belfry::ingest {
namespace {

constexpr const char* kNameRule = "must be 1-64 letters, digits, '_', '-', '.'";
constexpr const char* kSegmentRule = "must be a segment's name, or an attribute: \"plan:pro\"";
constexpr const char* kValueRule =
    "must be 1-128 bytes of UTF-8 without control characters and commas";
constexpr const char* kTwice = "given more than once";

// Adds a violation if a list of `count` users is empty or too long; whether it is not.
bool CheckCount(std::size_t count, const std::string& field,
                std::vector<FieldViolation>* violations) {
  if (count >= 1 && count <= kAudienceUsersMax) {
    return true;
  }
  violations->push_back({field, "must have 1-" + std::to_string(kAudienceUsersMax) +
                                    " users, got " + std::to_string(count)});
  return false;
}

// "users[3]" where `id` returns an element's.
template <typename List, typename Id>
void CheckOnce(const List& list, const std::string& field, const std::string& name, Id id,
               std::vector<FieldViolation>* violations) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view one = id(list[i]);
    if (!seen.insert(one).second && !one.empty()) {
      violations->push_back({field + "[" + std::to_string(i) + "]" + name, kTwice});
    }
  }
}

void CheckMembers(const AudienceUpdate& update, const FieldNames& names,
                  std::vector<FieldViolation>* violations) {
  const std::string field = names.Path("user_ids");
  if (CheckCount(update.user_ids.size(), field, violations)) {
    CheckUserIds(update.user_ids, field, violations);
    CheckOnce(
        update.user_ids, field, "", [](const std::string& id) { return std::string_view(id); },
        violations);
  }
}

void CheckUsers(const AudienceUpdate& update, const FieldNames& names,
                std::vector<FieldViolation>* violations) {
  const std::string field = names.Path("users");
  if (!CheckCount(update.users.size(), field, violations)) {
    return;
  }
  for (std::size_t i = 0; i < update.users.size(); ++i) {
    CheckUser(update.users[i], field + "[" + std::to_string(i) + "].", names, violations);
  }
  CheckOnce(
      update.users, field, "." + names.Path("user_id"),
      [](const AudienceUser& user) { return std::string_view(user.user_id); }, violations);
}

}  // namespace

const char* const kUserRule = "must be 1-128 bytes of UTF-8 without control characters";
const char* const kSegmentsRule =
    "must be a segment's name or an attribute (\"plan:pro\"), or up to 8 of them joined by ','";

void CheckUser(const AudienceUser& user, const std::string& prefix, const FieldNames& names,
               std::vector<FieldViolation>* violations) {
  if (!IsUserId(user.user_id)) {
    violations->push_back({prefix + names.Path("user_id"), kUserRule});
  }
  const std::string field = prefix + names.Path("attributes");
  if (user.attributes.size() > kAttributesMax) {
    violations->push_back({field, "must be at most " + std::to_string(kAttributesMax) + ", got " +
                                      std::to_string(user.attributes.size())});
  } else {
    for (const Attribute& attribute : user.attributes) {
      if (!IsSegmentName(attribute.key)) {
        violations->push_back({field, std::string("a key ") + kNameRule});
      } else if (!IsAttributeValue(attribute.value)) {
        violations->push_back({field + "." + attribute.key, kValueRule});
      }
    }
  }
  if (!user.segments.empty()) {
    violations->push_back({prefix + names.Path("segments"),
                           "must be empty: members are added to a segment, or removed from it"});
  }
}

void CheckUserIds(const std::vector<std::string>& user_ids, const std::string& field,
                  std::vector<FieldViolation>* violations) {
  for (std::size_t i = 0; i < user_ids.size(); ++i) {
    if (!IsUserId(user_ids[i])) {
      violations->push_back({field + "[" + std::to_string(i) + "]", kUserRule});
    }
  }
}

std::vector<FieldViolation> CheckUpdate(const AudienceUpdate& update, const FieldNames& names) {
  std::vector<FieldViolation> violations;
  const auto check_name = [&] {
    if (!IsSegmentName(update.segment)) {
      violations.push_back({names.Path("segment"), kNameRule});
    }
  };
  switch (update.op) {
    case AudienceOp::kUpsertUsers:
      CheckUsers(update, names, &violations);
      break;
    case AudienceOp::kCreateSegment:
    case AudienceOp::kDeleteSegment:
      check_name();
      break;
    case AudienceOp::kAddMembers:
    case AudienceOp::kRemoveMembers:
      check_name();
      CheckMembers(update, names, &violations);
      break;
    case AudienceOp::kEraseUser:
      if (update.user_ids.size() != 1 || !IsUserId(update.user_ids.front())) {
        violations.push_back({names.Path("user_id"), kUserRule});
      }
      break;
    case AudienceOp::kRevokeTokens:
    case AudienceOp::kCloseStreams:
      // Without one it is the whole project, and the caller has said so.
      if (!update.user_ids.empty() && !IsUserId(update.user_ids.front())) {
        violations.push_back({names.Path("user_id"), kUserRule});
      }
      break;
    case AudienceOp::kUnspecified:
    case AudienceOp::kNotifySegment:
    case AudienceOp::kDropProject:
      break;
  }
  return violations;
}

std::vector<FieldViolation> CheckQuery(const AudienceQuery& query, const FieldNames& names) {
  std::vector<FieldViolation> violations;
  const auto check = [&](bool good, std::string_view field, const char* rule) {
    if (!good) {
      violations.push_back({names.Path(field), rule});
    }
  };
  switch (query.kind) {
    case AudienceQueryKind::kUser:
      check(IsUserId(query.name), "user_id", kUserRule);
      return violations;
    case AudienceQueryKind::kOperation:
      check(query.operation_id != 0, "operation_id", "required");
      return violations;
    case AudienceQueryKind::kMembers:
      check(IsSegment(query.name), "segment", kSegmentRule);
      check(query.after.empty() || IsUserId(query.after), "after", kUserRule);
      break;
    case AudienceQueryKind::kSegments:
      check(query.after.empty() || IsSegment(query.after), "after", kSegmentRule);
      break;
    case AudienceQueryKind::kUsers:
      check(query.after.empty() || IsUserId(query.after), "after", kUserRule);
      break;
    case AudienceQueryKind::kRevocations:  // edges ask, nobody else
    case AudienceQueryKind::kUnspecified:
      break;
  }
  check(query.limit >= 1 && query.limit <= kAudiencePageMax, "limit",
        "must be a whole number from 1 to 1000");
  return violations;
}

std::size_t UsersIn(const AudienceUpdate& update) {
  return std::max<std::size_t>(1, std::max(update.users.size(), update.user_ids.size()));
}

std::vector<std::string> SortedOnce(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace belfry::ingest
