// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/keys_file.h"

#include <algorithm>

#include "libs/wire/codec/strict_json.h"

namespace belfry::wire {

Result<boost::json::array> ParseKeysFile(std::string_view json) {
  auto value = ParseStrictJson(json);
  if (!value.ok()) {
    return Fail(std::move(value.error()));
  }
  if (!value->is_object()) {
    return Fail(Code::kInvalidArgument, "must be an object {\"keys\":[...]}");
  }
  boost::json::object& file = value->as_object();
  if (const Status known = OnlyMembers(file, {"keys"}); !known.ok()) {
    return Fail(known.error());
  }
  boost::json::value* keys = file.if_contains("keys");
  if (keys == nullptr || !keys->is_array()) {
    return Fail(Code::kInvalidArgument, "must have a list \"keys\"");
  }
  for (const boost::json::value& key : keys->as_array()) {
    if (!key.is_object()) {
      return Fail(Code::kInvalidArgument, "every entry of \"keys\" must be an object");
    }
  }
  if (keys->as_array().empty()) {
    return Fail(Code::kInvalidArgument, "\"keys\" is empty");
  }
  return std::move(keys->as_array());
}

Status OnlyMembers(const boost::json::object& key,
                   std::initializer_list<std::string_view> allowed) {
  for (const auto& member : key) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      return Fail(Code::kInvalidArgument, "unknown member \"" + std::string(name) + "\"");
    }
  }
  return {};
}

Result<std::string> StringMember(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) {
    return Fail(Code::kInvalidArgument, "\"" + std::string(name) + "\" must be a string");
  }
  return std::string(value->as_string().data(), value->as_string().size());
}

}  // namespace belfry::wire
