// SPDX-License-Identifier: Apache-2.0
// JSON from untrusted senders, strictly as RFC 8259 defines it. Stateless; any thread.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace belfry::wire {

// kInvalidArgument, with the byte where it went wrong: not UTF-8, malformed, more than `depth_max`
// levels deep, a name twice in one object (the violation names it).
Result<boost::json::value> ParseStrictJson(std::string_view text, std::size_t depth_max = 32);

// A request's body, which must be a JSON object. kInvalidArgument: with the reason
// "MALFORMED_JSON", or for a name that is given twice "INVALID_FIELDS".
Result<boost::json::object> ParseBody(std::string_view body, std::size_t depth_max);

// JSON in which a value may be wrong, so that its reader can refuse that value alone.
struct LenientJson {
  boost::json::value value;  // of a name that is given more than once: the last one's
  // Each name that is given more than once in its object, as the path to it: names, and indexes as
  // "[3]". In the order of the text.
  std::vector<std::vector<std::string>> repeated;
};

// As ParseStrictJson, but for what is wrong with one value only: a repeated name, text that is not
// UTF-8 (an escaped surrogate without its partner is read as such text), a number with an exponent
// that not every Boost can count (read as 0 or as infinite, which is nearest). kInvalidArgument
// says at which line and column.
Result<LenientJson> ParseLenientJson(std::string_view text, std::size_t depth_max);

}  // namespace belfry::wire
