// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/json_request.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "services/ingest/publish/idempotency.h"
#include "services/ingest/publish/request_bytes.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

namespace json = boost::json;

constexpr const char* kUserIds = "userIds";
constexpr const char* kSegment = "segment";
constexpr const char* kExcluded = "excludeUserIds";

// A name as an error repeats it: not if it is no text, or long.
std::string Shown(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  if (!IsUtf8(name) || HasControl(name)) {
    return "(a name that is not text)";
  }
  if (name.size() > kShownMax) {
    return "(a name of " + std::to_string(name.size()) + " bytes)";
  }
  return std::string(name);
}

// Reads an item's members into `wanted`.
class Reader {
 public:
  Reader(PublishRequest& wanted, bool in_batch) : wanted_(wanted), in_batch_(in_batch) {}

  void Read(json::object& object) {
    if (const json::value* const value = object.if_contains("broadcast")) {
      ReadBroadcast(*value);
      object.stable_erase("broadcast");
    }
    if (const json::value* const value = object.if_contains(kExcluded)) {
      ReadExcluded(*value);
      object.stable_erase(kExcluded);
    }
    ReadKey(object);
    if (const Status read = wire::ParseNotificationJson(object, &wanted_.notification);
        !read.ok()) {
      for (const FieldViolation& violation : read.error().violations) {
        AddViolation(Camel(violation.field), violation.description);
      }
    }
  }
  void AddRepeated(const std::string& field) { AddViolation(Camel(field), kRepeated); }

 private:
  static constexpr const char* kRepeated = "given more than once";

  // A field's name as the answer has it, but for what is in meta, which the producer names.
  static std::string Camel(const std::string& field) {
    return field.starts_with("meta.") || field.starts_with("meta[")
               ? field
               : FieldNames::Rest().Path(field);
  }
  void AddViolation(std::string_view name, std::string description) {
    wanted_.violations.push_back({Shown(name), std::move(description)});
  }
  void ReadBroadcast(const json::value& value) {
    if (!value.is_bool()) {
      return AddViolation("broadcast", "must be true or false");
    }
    wanted_.kind = value.get_bool() ? EntryKind::kBroadcast : EntryKind::kNotification;
  }
  void ReadExcluded(const json::value& value) {
    const auto is_string = [](const json::value& one) { return one.is_string(); };
    if (!value.is_array() ||
        !std::all_of(value.get_array().begin(), value.get_array().end(), is_string)) {
      return AddViolation(kExcluded, "must be a list of strings");
    }
    for (const json::value& user : value.get_array()) {
      wanted_.exclude_user_ids.emplace_back(user.get_string().data(), user.get_string().size());
    }
  }
  void ReadKey(json::object& object) {
    bool seen = false;
    for (const char* name : {"idempotencyKey", "idempotency_key"}) {
      if (const json::value* const value = object.if_contains(name)) {
        seen ? AddViolation("idempotencyKey", kRepeated) : ReadKey(*value);
        seen = true;
        object.stable_erase(name);
      }
    }
  }
  void ReadKey(const json::value& value) {
    if (!in_batch_) {
      return AddViolation("idempotencyKey", "belongs in the header Idempotency-Key");
    }
    if (!value.is_string()) {
      return AddViolation("idempotencyKey", "must be a string");
    }
    // Validate checks what is in it.
    wanted_.idempotency_key = std::string(value.get_string().data(), value.get_string().size());
  }

  PublishRequest& wanted_;
  const bool in_batch_;
};

// "userIds" of 1 to kBatchItemsMax different strings.
Result<std::vector<std::string>> ReadUserIds(const json::value& list) {
  if (!list.is_array()) {
    return Fail(InvalidFields({{kUserIds, "must be a list of strings"}}));
  }
  const std::size_t count = list.get_array().size();
  if (count == 0 || count > kBatchItemsMax) {
    return Fail(BatchSizeError(kUserIds, count));
  }
  std::vector<std::string> users;
  std::set<std::string_view> seen;
  for (const json::value& user : list.get_array()) {
    const std::string path = std::string(kUserIds) + "[" + std::to_string(users.size()) + "]";
    if (!user.is_string()) {
      return Fail(InvalidFields({{path, "must be a string"}}));
    }
    const std::string_view name(user.get_string().data(), user.get_string().size());
    if (!seen.insert(name).second) {
      return Fail(InvalidFields({{path, "given more than once"}}));
    }
    users.emplace_back(name);
  }
  return users;
}

// One for each of "userId", "userIds", "segment" and "broadcast" that says who gets it, if it is
// more than one of them.
std::vector<FieldViolation> CheckOneRecipient(const json::object& object) {
  const auto given = [&object](const char* name) {
    const json::value* const value = object.if_contains(name);
    return value != nullptr && *value != json::value(false) && *value != json::value("");
  };
  std::vector<FieldViolation> violations;
  const char* const user = given("user_id") ? "user_id" : "userId";
  for (const char* name : {user, kUserIds, kSegment, "broadcast"}) {
    if (given(name)) {
      violations.push_back(
          {name, "only one of userId, userIds, segment and broadcast may say who gets it"});
    }
  }
  return violations.size() > 1 ? violations : std::vector<FieldViolation>();
}

}  // namespace

PublishRequest PublishRequestFromJson(JsonItem item, bool in_batch) {
  PublishRequest wanted;
  if (!item.value.is_object()) {
    wanted.violations.push_back({"(the item)", "must be an object"});
    return wanted;
  }
  Reader reader(wanted, in_batch);
  reader.Read(item.value.get_object());
  for (const std::string& field : item.repeated) {
    reader.AddRepeated(field);
  }
  return wanted;
}

Result<Recipients> TakeRecipients(JsonItem* item) {
  json::object& object = item->value.get_object();
  if (auto violations = CheckOneRecipient(object); !violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  Recipients recipients;
  if (const json::value* const list = object.if_contains(kUserIds)) {
    auto users = ReadUserIds(*list);
    if (!users.ok()) {
      return Fail(std::move(users.error()));
    }
    recipients.user_ids = std::move(*users);
    object.stable_erase(kUserIds);
  }
  if (const json::value* const segment = object.if_contains(kSegment)) {
    if (!segment->is_string()) {
      return Fail(InvalidFields({{kSegment, "must be a string"}}));
    }
    recipients.segment = std::string(segment->get_string().data(), segment->get_string().size());
    object.stable_erase(kSegment);
  }
  return recipients;
}

PublishRequest ForUser(const PublishRequest& wanted, const std::string& user_id) {
  PublishRequest one = wanted;
  if (IsUtf8(user_id)) {
    one.notification.set_user_id(user_id);
  } else {
    one.violations.push_back({"userId", "must be valid UTF-8"});
  }
  if (one.idempotency_key) {
    one.idempotency_key = IdempotencyKeyFor(*wanted.idempotency_key, user_id);
  }
  return one;
}

std::string PublishResultJson(const PublishResult& appended) {
  const std::string duplicate = appended.duplicate ? "true" : "false";
  if (appended.suppressed) {
    return "{\"suppressed\":true,\"duplicate\":" + duplicate + "}";
  }
  const auto created =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(appended.created_us);
  return "{\"id\":\"" + std::to_string(appended.id) + "\",\"createdAt\":\"" +
         google::protobuf::util::TimeUtil::ToString(created) + "\",\"duplicate\":" + duplicate +
         "}";
}

}  // namespace belfry::ingest
