// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/json_request.h"

#include <google/protobuf/util/time_util.h>

#include <string>
#include <string_view>
#include <utility>

#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

namespace json = boost::json;

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

std::string AppendedJson(const Appended& appended) {
  const auto created =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(appended.created_us);
  return "{\"id\":\"" + std::to_string(appended.id) + "\",\"createdAt\":\"" +
         google::protobuf::util::TimeUtil::ToString(created) +
         "\",\"duplicate\":" + (appended.duplicate ? "true" : "false") + "}";
}

}  // namespace belfry::ingest
