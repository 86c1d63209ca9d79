// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/prepare.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "libs/common/audience.h"
#include "libs/common/text.h"
#include "libs/wire/crypto/digest.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/publish/idempotency.h"

namespace belfry::ingest {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

void Measure(const Struct& object, int depth, MetaShape* shape);

// `depth` is the level that holds the value.
void Measure(const Value& value, int depth, MetaShape* shape) {
  switch (value.kind_case()) {
    case Value::kStructValue:
      Measure(value.struct_value(), depth + 1, shape);
      return;
    case Value::kListValue:
      shape->depth = std::max(shape->depth, depth + 1);
      for (const Value& element : value.list_value().values()) {
        Measure(element, depth + 1, shape);
      }
      return;
    case Value::kNumberValue:
      shape->unrepresentable |= !std::isfinite(value.number_value());
      return;
    case Value::kStringValue:
      shape->utf8 &= IsUtf8(value.string_value());
      return;
    case Value::KIND_NOT_SET:
      shape->unrepresentable = true;
      return;
    case Value::kNullValue:
    case Value::kBoolValue:
      return;
  }
}

void Measure(const Struct& object, int depth, MetaShape* shape) {
  shape->depth = std::max(shape->depth, depth);
  for (const auto& [name, value] : object.fields()) {
    shape->utf8 &= IsUtf8(name);
    Measure(value, depth, shape);
  }
}

NotificationFields FieldsOf(const PublishRequest& wanted) {
  const v1::Notification& n = wanted.notification;
  NotificationFields fields;
  fields.id = n.id();
  fields.project = n.project();
  fields.user_id = n.user_id();
  fields.kind = n.kind();
  fields.level = n.level();
  fields.title = n.title();
  fields.body = n.body();
  fields.actor_id = n.actor_id();
  fields.subject_type = n.subject_type();
  fields.subject_id = n.subject_id();
  fields.action_url = n.action_url();
  fields.image_url = n.image_url();
  if (n.has_meta()) {
    fields.meta.emplace().bytes = n.meta().ByteSizeLong();
    Measure(n.meta(), 1, &*fields.meta);
  }
  fields.has_created_at = n.has_created_at();
  if (n.has_expires_at()) {
    fields.expires_at = TimestampFields{n.expires_at().seconds(), n.expires_at().nanos()};
  }
  fields.has_read_at = n.has_read_at();
  fields.has_archived_at = n.has_archived_at();
  fields.broadcast_id = n.broadcast_id();
  fields.collapse_key = n.collapse_key();
  fields.collapsed_count = n.collapsed_count();
  fields.replaces = n.replaces();
  if (wanted.idempotency_key) {
    fields.idempotency_key = *wanted.idempotency_key;
  }
  return fields;
}

// What parsing found, then what the checks found of the other fields.
std::vector<FieldViolation> Merge(std::vector<FieldViolation> parsing,
                                  std::vector<FieldViolation> checks) {
  const std::size_t parsed = parsing.size();
  for (FieldViolation& violation : checks) {
    const auto known = parsing.begin() + static_cast<std::ptrdiff_t>(parsed);
    const bool again = std::any_of(parsing.begin(), known, [&](const FieldViolation& other) {
      return other.field == violation.field;
    });
    if (!again) {
      parsing.push_back(std::move(violation));
    }
  }
  return parsing;
}

std::string SerializeDeterministically(const v1::Notification& notification) {
  std::string bytes;
  bytes.reserve(notification.ByteSizeLong());
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    notification.SerializeWithCachedSizes(&out);
  }
  return bytes;
}

void AppendLittleEndian(std::uint64_t number, int bytes, std::string* text) {
  for (int i = 0; i < bytes; ++i, number >>= 8) {
    text->push_back(static_cast<char>(number & 0xFF));
  }
}

// The field `kind` as a payload of versions before 0.2 began with it, so that a retry across an
// update still hashes to the same. A kind has less than 128 bytes: one byte says how many.
std::string EncodedKind(std::string_view kind) {
  constexpr char kTag = (v1::Notification::kKindFieldNumber << 3) | 2;
  std::string bytes;
  if (!kind.empty()) {
    bytes += kTag;
    bytes += static_cast<char>(kind.size());
    bytes += kind;
  }
  return bytes;
}

void AppendList(const std::vector<std::string>& texts, std::string* text) {
  AppendLittleEndian(texts.size(), 4, text);
  for (const std::string& one : texts) {
    AppendLittleEndian(one.size(), 4, text);
    *text += one;
  }
}

std::string ContentHash(const ItemContent& content, const std::vector<std::string>& segments) {
  std::string text = "belfry content 1";
  if (!segments.empty() || !content.exclude_user_ids.empty()) {
    text = "belfry content 2";
    AppendList(segments, &text);
    AppendList(content.exclude_user_ids, &text);
  }
  text.push_back(static_cast<char>(content.kind));
  AppendLittleEndian(content.user_id.size(), 4, &text);
  text += content.user_id;
  AppendLittleEndian(static_cast<std::uint64_t>(content.expires_us), 8, &text);
  return wire::Sha256({text, EncodedKind(content.notification_kind), content.payload});
}

// What is wrong with those who get it and those who do not.
std::vector<FieldViolation> CheckAudience(const PublishRequest& wanted,
                                          const std::vector<std::string>& segments,
                                          const FieldNames& names) {
  std::vector<FieldViolation> violations;
  if (wanted.segment && segments.empty()) {
    violations.push_back({names.Beside("segment"), kSegmentsRule});
  }
  const std::string excluded = names.Beside("exclude_user_ids");
  const std::size_t count = wanted.exclude_user_ids.size();
  if (count > 0 && !wanted.segment && wanted.kind != EntryKind::kBroadcast) {
    violations.push_back({excluded, "must be empty, but for a broadcast or a segment"});
  } else if (count > kAudienceUsersMax) {
    violations.push_back({excluded, "must have at most " + std::to_string(kAudienceUsersMax) +
                                        " users, got " + std::to_string(count)});
  } else {
    CheckUserIds(wanted.exclude_user_ids, excluded, &violations);
  }
  return violations;
}

}  // namespace

Result<ItemContent> Prepare(PublishRequest wanted, const Caller& caller, std::int64_t now_unix_us,
                            const FieldNames& names) {
  const NotificationFields fields = FieldsOf(wanted);
  const std::vector<std::string> segments =
      wanted.segment ? ParseSegmentExpression(*wanted.segment) : std::vector<std::string>();
  const ValidateContext context{wanted.kind, caller.project, now_unix_us,
                                wanted.segment.has_value()};
  std::vector<FieldViolation> violations =
      Merge(std::move(wanted.violations), Validate(fields, context, names));
  violations = Merge(std::move(violations), CheckAudience(wanted, segments, names));
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }

  ItemContent content;
  content.kind = wanted.kind;
  content.project = caller.project;
  if (fields.expires_at) {
    content.expires_us = UnixMicros(*fields.expires_at);
  }
  v1::Notification& notification = wanted.notification;
  content.user_id = std::move(*notification.mutable_user_id());
  content.key_made = !wanted.idempotency_key.has_value();
  content.idempotency_key =
      content.key_made ? MakeIdempotencyKey() : std::move(*wanted.idempotency_key);
  content.notification_kind = std::move(*notification.mutable_kind());
  content.collapse_key = notification.collapse_key();
  content.exclude_user_ids = SortedOnce(std::move(wanted.exclude_user_ids));
  notification.clear_kind();
  notification.clear_project();
  notification.clear_user_id();
  notification.clear_expires_at();
  if (notification.level().empty()) {
    notification.set_level("info");
  }
  notification.DiscardUnknownFields();
  content.payload = SerializeDeterministically(notification);
  content.content_hash = ContentHash(content, segments);
  return content;
}

}  // namespace belfry::ingest
