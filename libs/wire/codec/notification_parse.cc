// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/time_util.h>

#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::wire {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Struct;
using google::protobuf::Timestamp;
using google::protobuf::Value;

// The largest whole number that a double, and so a Struct, holds exactly with all its neighbours.
constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
// An escape such as \ud83d without the one that belongs to it is no text either.
constexpr std::string_view kNotUtf8 =
    "must be valid UTF-8, each escaped surrogate with its partner";

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }
std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// Of one notification. Who has made more mistakes learns of these first.
constexpr std::size_t kViolationsMax = 100;
// Of a name in a path that a violation shows.
constexpr std::size_t kShownBytesMax = 256;

// A value's place: the last step to it, and the steps before. Lives on the reader's stack, so that
// no value costs the text of its path unless that is shown.
struct Place {
  const Place* before = nullptr;
  std::string_view name;                  // of a member
  std::optional<std::size_t> index = {};  // of an element

  std::string Path() const {
    if (before == nullptr) {
      return std::string(TruncateUtf8(name, kShownBytesMax));
    }
    std::string path = before->Path();
    if (index) {
      return path + "[" + std::to_string(*index) + "]";
    }
    return path + "." + std::string(TruncateUtf8(name, kShownBytesMax));
  }
};

// Reads an object into a Notification, noting every wrong field.
class Reader {
 public:
  explicit Reader(v1::Notification* notification) : notification_(notification) {}

  void Read(const json::object& object) {
    std::set<const FieldDescriptor*> seen;
    for (const auto& member : object) {
      const std::string name(View(member.key()));
      const FieldDescriptor* const field = Find(name);
      if (field == nullptr) {
        Wrong(name, "unknown field");
      } else if (!seen.insert(field).second) {
        Wrong(name, "given more than once");  // userId and user_id
      } else if (!member.value().is_null()) {
        ReadField(*field, name, member.value());
      }
    }
  }

  std::vector<FieldViolation> TakeViolations() { return std::move(violations_); }

 private:
  static const FieldDescriptor* Find(const std::string& name) {
    const auto* const descriptor = v1::Notification::descriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor* const field = descriptor->field(i);
      if (field->json_name() == name || field->name() == name) {
        return field;
      }
    }
    return nullptr;
  }

  void Wrong(std::string_view name, std::string description) {
    if (violations_.size() < kViolationsMax) {
      violations_.push_back({std::string(name), std::move(description)});
    }
  }
  void Wrong(const Place& place, std::string_view description) {
    if (violations_.size() < kViolationsMax) {
      violations_.push_back({place.Path(), std::string(description)});
    }
  }

  void ReadField(const FieldDescriptor& field, const std::string& name, const json::value& value) {
    const auto* const reflection = notification_->GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      if (!value.is_string()) {
        return Wrong(name, "must be a string");
      }
      if (!IsUtf8(View(value.get_string()))) {
        return Wrong(name, std::string(kNotUtf8));
      }
      reflection->SetString(notification_, &field, std::string(View(value.get_string())));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
      if (const auto id = ReadWhole(name, value, UINT64_MAX)) {
        reflection->SetUInt64(notification_, &field, *id);
      }
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      if (const auto number = ReadWhole(name, value, UINT32_MAX)) {
        reflection->SetUInt32(notification_, &field, static_cast<std::uint32_t>(*number));
      }
    } else if (field.message_type() == Timestamp::descriptor()) {
      Timestamp stamp;
      if (!value.is_string() || !google::protobuf::util::TimeUtil::FromString(
                                    std::string(View(value.get_string())), &stamp)) {
        return Wrong(name, "must be an RFC 3339 time such as \"2026-11-21T10:00:00Z\"");
      }
      reflection->MutableMessage(notification_, &field)->CopyFrom(stamp);
    } else {
      if (!value.is_object()) {
        return Wrong(name, "must be an object");
      }
      ReadStruct(Place{.name = name}, value.get_object(), notification_->mutable_meta());
    }
  }

  // std::nullopt, and noted, if it is none or above `max`.
  std::optional<std::uint64_t> ReadWhole(const std::string& name, const json::value& value,
                                         std::uint64_t max) {
    std::uint64_t id = 0;
    bool good = false;
    if (value.is_string()) {
      const std::string_view text = View(value.get_string());
      const char* const end = text.data() + text.size();
      const auto [rest, error] = std::from_chars(text.data(), end, id);
      good = !text.empty() && error == std::errc() && rest == end;
    } else if (value.is_uint64() || (value.is_int64() && value.get_int64() >= 0)) {
      id = value.to_number<std::uint64_t>();
      good = true;
    }
    if (!good || id > max) {
      Wrong(name, "must be a whole number, as a string or bare");
      return std::nullopt;
    }
    return id;
  }

  void ReadStruct(const Place& place, const json::object& object, Struct* out) {
    for (const auto& member : object) {
      const std::string name(View(member.key()));
      if (!IsUtf8(name)) {
        Wrong(place, "has a name that is not valid UTF-8");
        continue;
      }
      ReadValue({.before = &place, .name = name}, member.value(), &(*out->mutable_fields())[name]);
    }
  }

  void ReadValue(const Place& place, const json::value& value, Value* out) {
    switch (value.kind()) {
      case json::kind::null:
        return out->set_null_value(google::protobuf::NULL_VALUE);
      case json::kind::bool_:
        return out->set_bool_value(value.get_bool());
      case json::kind::string:
        if (!IsUtf8(View(value.get_string()))) {
          return Wrong(place, kNotUtf8);
        }
        return out->set_string_value(std::string(View(value.get_string())));
      case json::kind::object:
        return ReadStruct(place, value.get_object(), out->mutable_struct_value());
      case json::kind::array:
        out->mutable_list_value();
        for (std::size_t i = 0; i < value.get_array().size(); ++i) {
          ReadValue({.before = &place, .name = {}, .index = i}, value.get_array()[i],
                    out->mutable_list_value()->add_values());
        }
        return;
      case json::kind::int64:
      case json::kind::uint64:
      case json::kind::double_:
        ReadNumber(place, value, out);
    }
  }

  void ReadNumber(const Place& place, const json::value& value, Value* out) {
    const auto number = value.to_number<double>();
    if (!std::isfinite(number)) {
      return Wrong(place, "a number beyond the range of a double");
    }
    // Whatever its spelling, 1e16 too: beyond it a double is always whole, and of several whole
    // numbers the same. 2^53 itself is what 2^53 + 1 becomes.
    if (value.is_int64() ? value.get_int64() > kExactMax || value.get_int64() < -kExactMax
                         : std::abs(number) >= static_cast<double>(kExactMax)) {
      return Wrong(place, "a whole number beyond 2^53 would lose digits: send it as a string");
    }
    out->set_number_value(number);
  }

  v1::Notification* const notification_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

Status ParseNotificationJson(std::string_view json, v1::Notification* notification) {
  notification->Clear();
  const auto value = ParseStrictJson(json);
  if (!value.ok()) {
    return Fail(Wrap("read notification", value.error()));
  }
  if (!value->is_object()) {
    return Fail(Code::kInvalidArgument, "read notification: must be a JSON object");
  }
  return ParseNotificationJson(value->get_object(), notification);
}

Status ParseNotificationJson(const json::object& json, v1::Notification* notification) {
  notification->Clear();
  Reader reader(notification);
  reader.Read(json);
  if (auto violations = reader.TakeViolations(); !violations.empty()) {
    Error error{Code::kInvalidArgument, "read notification: wrong fields"};
    error.violations = std::move(violations);
    return Fail(std::move(error));
  }
  return {};
}

}  // namespace belfry::wire
