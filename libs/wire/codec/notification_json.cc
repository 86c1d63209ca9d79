// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/notification_json.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "libs/common/text.h"
#include "libs/common/time_text.h"

namespace belfry::wire {
namespace {

using google::protobuf::Struct;
using google::protobuf::Timestamp;
using google::protobuf::Value;

constexpr std::int64_t kMicros = 1'000'000;
// As protobuf writes it: UTC, and 0, 3, 6 or 9 digits of a second.
void AppendTime(std::int64_t seconds, std::uint32_t nanos, std::string* out) {
  const int digits = nanos == 0 ? 0 : nanos % 1'000'000 == 0 ? 3 : nanos % 1'000 == 0 ? 6 : 9;
  AppendRfc3339(seconds, nanos, digits, out);
}

void AppendNumber(std::uint64_t number, std::string* out) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out->append(text.data(), end);
}

void AppendStruct(const Struct& object, std::string* out);

void AppendDouble(double number, std::string* out) {
  constexpr double kExactMax = 9'007'199'254'740'992.0;  // 2^53
  if (std::isfinite(number)) {
    // Beyond it digits would promise more than a double holds.
    std::array<char, 32> text{};
    char* const last = text.data() + text.size();
    const auto end =
        std::abs(number) <= kExactMax
            ? std::to_chars(text.data(), last, number).ptr
            : std::to_chars(text.data(), last, number, std::chars_format::scientific).ptr;
    out->append(text.data(), end);
  } else {
    *out += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
}

void AppendValue(const Value& value, std::string* out) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return AppendDouble(value.number_value(), out);
    case Value::kStringValue:
      return AppendJsonString(value.string_value(), out);
    case Value::kBoolValue:
      *out += value.bool_value() ? "true" : "false";
      return;
    case Value::kStructValue:
      return AppendStruct(value.struct_value(), out);
    case Value::kListValue: {
      *out += '[';
      const char* separator = "";
      for (const Value& item : value.list_value().values()) {
        *out += separator;
        AppendValue(item, out);
        separator = ",";
      }
      *out += ']';
      return;
    }
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      *out += "null";
  }
}

// Keys in their order as bytes, so that every edge writes the same.
void AppendStruct(const Struct& object, std::string* out) {
  std::vector<std::pair<std::string_view, const Value*>> fields;
  fields.reserve(object.fields().size());
  for (const auto& [name, value] : object.fields()) {
    fields.emplace_back(name, &value);
  }
  std::sort(fields.begin(), fields.end());
  *out += '{';
  const char* separator = "";
  for (const auto& [name, value] : fields) {
    *out += separator;
    AppendJsonString(name, out);
    *out += ':';
    AppendValue(*value, out);
    separator = ",";
  }
  *out += '}';
}

// Writes `{"name":value,...}`, leaving out what is unset. Names are ours and need no escapes.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) { *out_ += '{'; }

  void Id(std::string_view name, std::uint64_t id) {
    if (id != 0) {
      Name(name);
      *out_ += '"';
      AppendNumber(id, out_);
      *out_ += '"';
    }
  }

  void Number(std::string_view name, std::uint64_t number) {
    if (number != 0) {
      Name(name);
      AppendNumber(number, out_);
    }
  }

  void Text(std::string_view name, std::string_view text) {
    if (!text.empty()) {
      Name(name);
      AppendJsonString(text, out_);
    }
  }

  void Micros(std::string_view name, std::int64_t micros) {
    if (micros != 0) {
      // Rounded down: before 1970 the rest of a second counts upwards too.
      const bool borrow = micros % kMicros < 0;
      const std::int64_t seconds = micros / kMicros - (borrow ? 1 : 0);
      Time(name, seconds, (micros % kMicros + (borrow ? kMicros : 0)) * 1'000);
    }
  }

  void Object(std::string_view name, bool has, const Struct& object) {
    if (has) {
      Name(name);
      AppendStruct(object, out_);
    }
  }

  // False: a time was out of range.
  bool Close() {
    *out_ += '}';
    return good_;
  }

 private:
  void Name(std::string_view name) {
    *out_ += separator_;
    *out_ += name;
    *out_ += "\":";
    separator_ = ",\"";
  }

  void Time(std::string_view name, std::int64_t seconds, std::int64_t nanos) {
    if (seconds < kUnixSecondsMin || seconds > kUnixSecondsMax || nanos < 0 ||
        nanos > 999'999'999) {
      good_ = false;
      return;
    }
    Name(name);
    *out_ += '"';
    AppendTime(seconds, static_cast<std::uint32_t>(nanos), out_);
    *out_ += '"';
  }

  std::string* const out_;
  const char* separator_ = "\"";
  bool good_ = true;
};

}  // namespace

Result<std::string> NotificationJson(const Entry& entry) {
  v1::Notification notification;
  if (!notification.ParseFromString(entry.payload.str())) {
    return Fail(Code::kDataLoss,
                "render entry " + std::to_string(entry.id) + ": its payload is no Notification");
  }
  std::string json;
  json.reserve(entry.payload.size() + 384);
  Writer writer(&json);
  writer.Id("id", entry.id);
  writer.Text("project", entry.project);
  writer.Text("userId", entry.user_id);
  // Entries of versions before 0.2 have it in their payload.
  writer.Text("kind", entry.notification_kind.empty() ? std::string_view(notification.kind())
                                                      : std::string_view(entry.notification_kind));
  writer.Text("level", notification.level());
  writer.Text("title", notification.title());
  writer.Text("body", notification.body());
  writer.Text("actorId", notification.actor_id());
  writer.Text("subjectType", notification.subject_type());
  writer.Text("subjectId", notification.subject_id());
  writer.Text("actionUrl", notification.action_url());
  writer.Text("imageUrl", notification.image_url());
  writer.Object("meta", notification.has_meta(), notification.meta());
  writer.Micros("createdAt", entry.created_us);
  writer.Micros("expiresAt", entry.expires_us);
  writer.Micros("readAt", entry.read_at_us);
  writer.Micros("archivedAt", entry.archived_at_us);
  writer.Id("broadcastId", entry.broadcast_id);
  writer.Text("collapseKey", notification.collapse_key());
  writer.Number("collapsedCount", entry.collapsed_count);
  writer.Id("replaces", entry.replaces);
  if (!writer.Close()) {
    return Fail(Code::kDataLoss,
                "render entry " + std::to_string(entry.id) + ": a time out of range");
  }
  return json;
}

}  // namespace belfry::wire
