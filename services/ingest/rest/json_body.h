// SPDX-License-Identifier: Apache-2.0
// A request's body taken apart into its items. Pure; any thread.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace belfry::ingest {

struct JsonItem {
  boost::json::value value;  // anything; its text need not be UTF-8
  // The names in it that are given more than once in their object: "title", "meta.x".
  std::vector<std::string> repeated;
};

// The body is one object. kInvalidArgument, reason "MALFORMED_JSON": says at which line and column
// the text stops being JSON, or that it nests more than 100 deep.
Result<JsonItem> ReadJsonItem(std::string_view body);

// The body is {"notifications": [...]} or the bare list; how many items it has is not checked. The
// error also has violations, if the object has other members.
Result<std::vector<JsonItem>> ReadJsonBatch(std::string_view body);

}  // namespace belfry::ingest
