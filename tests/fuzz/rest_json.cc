// SPDX-License-Identifier: Apache-2.0
// The body of a publish over REST: n (POST /v1/notify) or b (POST /v1/notify/batch) as one byte,
// then Idempotency-Key||body; an empty key is not sent. What is stored is what another JSON parser
// reads in the body, within every field's bounds, and everything else is refused.
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "libs/common/audience.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "libs/wire/codec/strict_json.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/publish/validate.h"
#include "services/ingest/rest/json_body.h"
#include "tests/fuzz/harness/target.h"
#include "tests/fuzz/support/rest_rig.h"

namespace belfry::fuzz {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::size_t kDepthMax = 100;  // of json_body.h

// Boost's own parser; nothing: it takes the text for malformed, and says why.
std::optional<json::value> ByBoost(std::string_view text, json::error_code* why = nullptr) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (why != nullptr) {
    *why = error;
  }
  return error ? std::nullopt : std::optional(std::move(value));
}

// Whether Boost refuses `text` only for an exponent that Boost 1.81 cannot count, which requests
// may have all the same.
bool IsBeyondBoost(std::string_view text) {
  json::error_code why;
  return !ByBoost(text, &why) && why == json::error::exponent_overflow;
}

std::string ToText(const json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}

// Boost 1.81 reads a double's last bit wrong at times, and 0e400 as no number at all.
bool SameNumber(double ours, double boosts) {
  return ours == boosts || std::isnan(boosts) || std::abs(ours - boosts) <= std::abs(ours) * 1e-15;
}

bool SameValue(const Value& value, const json::value& expected);

bool SameStruct(const Struct& object, const json::object& expected) {
  return object.fields().size() == expected.size() &&
         std::all_of(expected.begin(), expected.end(), [&object](const auto& member) {
           const auto found = object.fields().find({member.key().data(), member.key().size()});
           return found != object.fields().end() && SameValue(found->second, member.value());
         });
}

bool SameValue(const Value& value, const json::value& expected) {
  switch (value.kind_case()) {
    case Value::kNullValue:
      return expected.is_null();
    case Value::kBoolValue:
      return expected.is_bool() && expected.get_bool() == value.bool_value();
    case Value::kNumberValue:
      return expected.is_number() && SameNumber(value.number_value(), expected.to_number<double>());
    case Value::kStringValue:
      return expected.is_string() && ToText(expected) == value.string_value();
    case Value::kStructValue:
      return expected.is_object() && SameStruct(value.struct_value(), expected.get_object());
    case Value::kListValue:
      return expected.is_array() &&
             std::equal(value.list_value().values().begin(), value.list_value().values().end(),
                        expected.get_array().begin(), expected.get_array().end(), SameValue);
    case Value::KIND_NOT_SET:
      return false;
  }
  return false;
}

// The member that sets `field` under either of its names; there is at most one.
const json::value* MemberOf(const json::object& object, const FieldDescriptor& field) {
  const json::value* camel = object.if_contains(field.json_name());
  const json::value* snake =
      field.json_name() == field.name() ? nullptr : object.if_contains(field.name());
  BELFRY_PROMISE(camel == nullptr || snake == nullptr, field.name());
  const json::value* member = camel != nullptr ? camel : snake;
  return member == nullptr || member->is_null() ? nullptr : member;
}

// What the entry of `content` would be read back as.
v1::Notification NotificationOf(const ingest::ItemContent& content) {
  v1::Notification notification;
  BELFRY_PROMISE(notification.ParseFromString(content.payload), content.payload);
  BELFRY_PROMISE(notification.id() == 0 && notification.project().empty() &&
                 notification.user_id().empty() && !notification.has_created_at() &&
                 !notification.has_expires_at() && notification.broadcast_id() == 0);
  notification.set_user_id(content.user_id);
  BELFRY_PROMISE(notification.kind().empty() &&
                 content.collapse_key == notification.collapse_key());
  notification.set_kind(content.notification_kind);
  return notification;
}

void CheckText(const json::object& object, const FieldDescriptor& field,
               const v1::Notification& stored, std::string_view body) {
  const json::value* member = MemberOf(object, field);
  std::string expected = member == nullptr ? "" : ToText(*member);
  if (field.name() == "level" && expected.empty()) {
    expected = "info";
  }
  if (field.name() == "project") {
    BELFRY_PROMISE(expected.empty() || expected == "demo", body);
    return;
  }
  BELFRY_PROMISE(stored.GetReflection()->GetString(stored, &field) == expected, body, field.name());
}

void CheckBounds(const v1::Notification& stored, std::string_view body) {
  const auto bounded = [body](const std::string& text, std::size_t bytes_max) {
    BELFRY_PROMISE(text.size() <= bytes_max && IsUtf8(text), body, text);
  };
  bounded(stored.user_id(), kUserIdBytesMax);
  bounded(stored.kind(), ingest::kKindBytesMax);
  bounded(stored.title(), ingest::kTitleBytesMax);
  bounded(stored.body(), ingest::kBodyBytesMax);
  bounded(stored.actor_id(), ingest::kActorIdBytesMax);
  bounded(stored.subject_type(), ingest::kSubjectTypeBytesMax);
  bounded(stored.subject_id(), ingest::kSubjectIdBytesMax);
  BELFRY_PROMISE(!stored.title().empty(), body);
  BELFRY_PROMISE(stored.meta().ByteSizeLong() <= ingest::kMetaBytesMax, body);
  for (const std::string& url : {stored.action_url(), stored.image_url()}) {
    bounded(url, ingest::kUrlBytesMax);
    std::string lower(url);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const char* scheme : {"javascript:", "vbscript:", "data:", "file:", "//"}) {
      BELFRY_PROMISE(!lower.starts_with(scheme), body, url);
    }
    BELFRY_PROMISE(lower.find_first_of(std::string_view("\0\t\n\r <>\"\\", 9)) == std::string::npos,
                   body, url);
  }
}

std::vector<std::string> ListOf(const json::value* list) {
  std::vector<std::string> texts;
  if (list != nullptr) {
    for (const json::value& text : list->as_array()) {
      texts.push_back(ToText(text));
    }
  }
  return texts;
}

// One stored item against the object that asked for it.
void CheckStored(const ingest::ItemContent& content, const json::object& object,
                 std::string_view body) {
  const v1::Notification stored = NotificationOf(content);
  std::set<std::string> known = {"broadcast", "excludeUserIds", "idempotencyKey", "segment"};
  for (int i = 0; i < v1::Notification::descriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *v1::Notification::descriptor()->field(i);
    known.insert({field.name(), field.json_name()});
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      CheckText(object, field, stored, body);
    } else if (field.name() == "meta") {
      const json::value* meta = MemberOf(object, field);
      BELFRY_PROMISE(stored.has_meta() == (meta != nullptr), body);
      BELFRY_PROMISE(meta == nullptr || SameStruct(stored.meta(), meta->as_object()), body);
    } else if (field.name() == "expires_at") {
      BELFRY_PROMISE((content.expires_us > RestRig::kNowUs) == (MemberOf(object, field) != nullptr),
                     body);
    } else if (const json::value* member = MemberOf(object, field)) {
      // Ours to set; 0 for an id says nothing.
      BELFRY_PROMISE(field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64 ||
                         field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32,
                     body, field.name());
      BELFRY_PROMISE(member->is_string() || member->to_number<std::uint64_t>() == 0, body);
    }
  }
  for (const auto& member : object) {
    BELFRY_PROMISE(known.contains({member.key().data(), member.key().size()}), body);
  }
  const json::value* broadcast = object.if_contains("broadcast");
  const bool to_all = broadcast != nullptr && broadcast->is_bool() && broadcast->get_bool();
  BELFRY_PROMISE((content.kind == EntryKind::kBroadcast) == to_all, body);
  const bool to_many = to_all || object.contains("segment");
  BELFRY_PROMISE(content.user_id.empty() == to_many && content.project == "demo", body);
  if (to_all) {
    BELFRY_PROMISE(content.exclude_user_ids ==
                       ingest::SortedOnce(ListOf(object.if_contains("excludeUserIds"))),
                   body);
  }
  BELFRY_PROMISE(!content.idempotency_key.empty() && content.idempotency_key.size() <= 128, body);
  CheckBounds(stored, body);
}

// A stream can deliver it.
void CheckTellable(const ingest::ItemContent& content, std::string_view body) {
  Entry entry;
  entry.id = 1;
  entry.kind = content.kind;
  entry.project = content.project;
  entry.user_id = content.user_id;
  entry.created_us = RestRig::kNowUs;
  entry.expires_us = content.expires_us;
  entry.payload = content.payload;
  const auto told = wire::NotificationJson(entry);
  BELFRY_PROMISE(told.ok() && ByBoost(*told).has_value(), body);
  BELFRY_PROMISE(told->find_first_of("\r\n") == std::string::npos && IsUtf8(*told), body);
}

// Ours and Boost's agree on what is JSON, but for text and for the size of numbers: those are
// looked at later, field by field.
void CheckGrammar(std::string_view body) {
  json::error_code why;
  const auto by_boost = ByBoost(body, &why);
  const auto ours = wire::ParseLenientJson(body, kDepthMax);
  BELFRY_PROMISE(!by_boost || ours.ok(), body);
  const bool escapes = body.find("\\u") != std::string_view::npos;
  BELFRY_PROMISE(
      !ours.ok() || by_boost || escapes || !IsUtf8(body) || why == json::error::exponent_overflow,
      body);
}

// No object that was taken has a name twice, of which one value would be dropped without a word.
void CheckNoNameTwice(std::string_view object) {
  const auto read = wire::ParseLenientJson(object, kDepthMax);
  BELFRY_PROMISE(read.ok() && read->repeated.empty(), object);
}

// The texts of the values of the first list in `body`, which Boost has read. Boost's parser stops
// where a value ends.
std::vector<std::string_view> Elements(std::string_view body) {
  std::vector<std::string_view> elements;
  std::size_t at = body.find('[') + 1;
  while (true) {
    at = body.find_first_not_of(" \t\n\r,", at);
    if (body[at] == ']') {
      return elements;
    }
    json::parse_options options;
    options.max_depth = kDepthMax;
    json::stream_parser parser({}, options);
    json::error_code error;
    const std::size_t size = parser.write_some(body.data() + at, body.size() - at, error);
    BELFRY_PROMISE(!error && size > 0, body);
    elements.push_back(body.substr(at, size));
    at += size;
  }
}

// What Boost has read of a body that ours took; nullptr: an exponent that Boost 1.81 cannot count.
const json::object* ObjectOf(const std::optional<json::value>& by_boost, std::string_view body) {
  if (!by_boost) {
    BELFRY_PROMISE(IsBeyondBoost(body), body);
    return nullptr;
  }
  BELFRY_PROMISE(by_boost->is_object(), body);
  return &by_boost->as_object();
}

void CheckSegment(const RestRig::Outcome& outcome, const std::optional<json::value>& by_boost,
                  std::string_view body) {
  BELFRY_PROMISE(outcome.stored.empty() && outcome.updates.size() == 1, body);
  BELFRY_PROMISE(outcome.items.size() == 1, body);
  const AudienceUpdate& update = outcome.updates[0];
  BELFRY_PROMISE(update.op == AudienceOp::kNotifySegment && update.project == "demo", body);
  const json::object* const object = ObjectOf(by_boost, body);
  if (object == nullptr) {
    return;
  }
  BELFRY_PROMISE(!update.segments.empty() &&
                     update.segments == ParseSegmentExpression(ToText(object->at("segment"))),
                 body);
  BELFRY_PROMISE(
      update.user_ids == ingest::SortedOnce(ListOf(object->if_contains("excludeUserIds"))), body);
  CheckStored(outcome.items[0], *object, body);
}

void CheckNotify(const RestRig::Outcome& outcome, const std::optional<json::value>& by_boost,
                 std::string_view body) {
  const auto answer = ByBoost(outcome.response.body);
  BELFRY_PROMISE(answer && answer->is_object(), outcome.response.body);
  if (outcome.response.status == 200) {
    BELFRY_PROMISE(outcome.updates.empty(), body);
    // A user whose name is no text gets nothing, the others do; Boost reads nothing at all.
    for (const ingest::ItemContent& item : outcome.stored) {
      BELFRY_PROMISE(IsUserId(item.user_id), body);
    }
    BELFRY_PROMISE(!by_boost || answer->at("results").as_array().size() ==
                                    by_boost->at("userIds").as_array().size(),
                   body);
    return;
  }
  if (outcome.response.status == 202) {
    return CheckSegment(outcome, by_boost, body);
  }
  BELFRY_PROMISE(outcome.updates.empty(), body);
  if (outcome.response.status != 201) {
    BELFRY_PROMISE(outcome.response.status == 400 && outcome.stored.empty(), body);
    BELFRY_PROMISE(answer->at("status") == 400 && answer->as_object().contains("reason"), body);
    return;
  }
  BELFRY_PROMISE(outcome.stored.size() == 1 && answer->at("id") == "1", body);
  if (const json::object* const object = ObjectOf(by_boost, body)) {
    CheckStored(outcome.stored[0], *object, body);
  }
}

void CheckBatch(const RestRig::Outcome& outcome, const std::optional<json::value>& by_boost,
                std::string_view body) {
  const auto answer = ByBoost(outcome.response.body);
  BELFRY_PROMISE(answer && answer->is_object(), outcome.response.body);
  if (outcome.response.status != 200) {
    BELFRY_PROMISE(outcome.response.status == 400 && outcome.stored.empty(), body);
    return;
  }
  const json::array& results = answer->at("results").as_array();
  // Where a text is no text, only its item is refused, and Boost reads nothing at all.
  const json::array* asked = nullptr;
  if (by_boost) {
    asked =
        by_boost->is_array() ? &by_boost->as_array() : &by_boost->at("notifications").as_array();
    BELFRY_PROMISE(results.size() == asked->size(), body);
  }
  const auto items = by_boost ? Elements(body) : std::vector<std::string_view>();
  BELFRY_PROMISE(!by_boost || items.size() == results.size(), body);
  std::size_t stored = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const json::object& result = results[i].as_object();
    if (result.contains("error")) {
      continue;
    }
    BELFRY_PROMISE(stored < outcome.stored.size(), body);
    BELFRY_PROMISE(ToText(result.at("id")) == std::to_string(stored + 1), body);
    if (asked != nullptr) {
      CheckNoNameTwice(items[i]);
      CheckStored(outcome.stored[stored], (*asked)[i].as_object(), body);
    }
    ++stored;
  }
  BELFRY_PROMISE(stored == outcome.stored.size(), body);
}

}  // namespace

void Try(std::string_view input) {
  static RestRig rig;
  Input parts(input);
  const bool batch = parts.Byte() == 'b';
  const std::string key(parts.Part());
  const std::string body(parts.Rest());
  std::vector<std::pair<std::string, std::string>> headers;
  if (!key.empty()) {
    headers.emplace_back("Idempotency-Key", key);
  }
  const auto outcome = rig.Post(batch ? "/v1/notify/batch" : "/v1/notify", body, headers);
  const auto by_boost = ByBoost(body);
  CheckGrammar(body);
  if (batch) {
    CheckBatch(outcome, by_boost, body);
  } else {
    CheckNotify(outcome, by_boost, body);
  }
  for (const ingest::ItemContent& content : outcome.stored) {
    CheckTellable(content, body);
  }
  if (!outcome.stored.empty() && !batch) {
    CheckNoNameTwice(body);
  }
}

}  // namespace belfry::fuzz
