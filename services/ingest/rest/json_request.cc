// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/json_request.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <set>
#include <utility>

#include "belfry/v1/notify_service.pb.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "services/ingest/publish/validate.h"
#include "services/ingest/rest/json_split.h"

namespace belfry::ingest {
namespace {

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

class Reader {
 public:
  Reader(PublishRequest& wanted, bool in_batch) : wanted_(wanted), in_batch_(in_batch) {}

  void Read(const JsonMember& member) {
    // user_id and userId are the same field.
    const std::string name = FieldNames::Rest().Path(member.name);
    if (!seen_.insert(name).second) {
      return Fault(name, "given more than once");
    }
    if (name == "broadcast") {
      return ReadBroadcast(member.value);
    }
    if (name == "idempotencyKey") {
      return ReadKey(member.value);
    }
    std::string alone = "{";
    alone.append(member.quoted_name).append(":").append(member.value).append("}");
    v1::Notification notification;
    const Status parsed = wire::ParseNotificationJson(alone, &notification);
    if (parsed.ok()) {
      wanted_.notification.MergeFrom(notification);
    } else if (parsed.error().violations.empty()) {
      Fault(name, IsUtf8(member.value) ? parsed.error().message : "must be valid UTF-8");
    } else {
      for (const FieldViolation& violation : parsed.error().violations) {
        const bool whole = violation.field == member.name;
        Fault(whole ? std::string_view(name) : violation.field, violation.description);
      }
    }
  }

 private:
  void Fault(std::string_view name, std::string description) {
    wanted_.violations.push_back({Shown(name), std::move(description)});
  }
  void ReadBroadcast(std::string_view value) {
    if (value != "true" && value != "false") {
      return Fault("broadcast", "must be true or false");
    }
    wanted_.kind = value == "true" ? EntryKind::kBroadcast : EntryKind::kNotification;
  }
  void ReadKey(std::string_view value) {
    if (!in_batch_) {
      return Fault("idempotencyKey", "belongs in the header Idempotency-Key");
    }
    std::string alone = "{\"idempotencyKey\":";
    alone.append(value).append("}");
    v1::NotifyRequest request;
    if (!value.starts_with('"') || !IsUtf8(value) ||
        !google::protobuf::util::JsonStringToMessage(alone, &request).ok()) {
      return Fault("idempotencyKey", "must be a string");
    }
    wanted_.idempotency_key = std::move(*request.mutable_idempotency_key());
  }

  PublishRequest& wanted_;
  const bool in_batch_;
  std::set<std::string> seen_;
};

}  // namespace

PublishRequest PublishRequestFromJson(std::string_view object, bool in_batch) {
  PublishRequest wanted;
  if (!object.starts_with('{')) {
    wanted.violations.push_back({"(the item)", "must be an object"});
    return wanted;
  }
  Reader reader(wanted, in_batch);
  for (const JsonMember& member : SplitObject(object)) {
    reader.Read(member);
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
