// SPDX-License-Identifier: Apache-2.0
// What both keys files have in common: {"keys":[{...}, ...]}, read strictly.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::wire {

// The objects of "keys". kInvalidArgument: not such a file, no keys, or an unknown member.
Result<boost::json::array> ParseKeysFile(std::string_view json);

// Refuses members of `key` that are not in `allowed`; "key 2: unknown member \"x\"".
Status OnlyMembers(const boost::json::object& key, std::initializer_list<std::string_view> allowed);

// The string member `name`; kInvalidArgument if it is absent or something else.
Result<std::string> StringMember(const boost::json::object& object, std::string_view name);

}  // namespace belfry::wire
