// SPDX-License-Identifier: Apache-2.0
// JSON from untrusted senders, strictly as RFC 8259 defines it. Stateless; any thread.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::wire {

// kInvalidArgument, with the byte where it went wrong: not UTF-8, malformed, more than `depth_max`
// levels deep, a name twice in one object (the violation names it).
Result<boost::json::value> ParseStrictJson(std::string_view text, std::size_t depth_max = 32);

}  // namespace belfry::wire
