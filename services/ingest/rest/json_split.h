// SPDX-License-Identifier: Apache-2.0
// Takes a JSON object or array apart into the texts of its members, checking all of its grammar
// (RFC 8259) on the way. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace belfry::ingest {

// One member of an object. The views are of the text it was split from.
struct JsonMember {
  std::string_view quoted_name;  // as written: "title" with its quotes and escapes
  std::string name;              // what it says; as written where that is no text
  std::string_view value;        // as written
};

// What may stand at the top.
enum class JsonKind { kObject, kArray };

// kInvalidArgument, reason "MALFORMED_JSON": says at which line and column the text stops being
// JSON, or that it nests more than 100 deep.
Result<JsonKind> CheckJson(std::string_view text);  // also kInvalidArgument for a scalar

// Of a text that CheckJson has let pass, or a value in it. Empty unless it is an object, an array.
std::vector<JsonMember> SplitObject(std::string_view text);
// At most `max` elements.
std::vector<std::string_view> SplitArray(std::string_view text, std::size_t max);

}  // namespace belfry::ingest
