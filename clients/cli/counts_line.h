// SPDX-License-Identifier: Apache-2.0
// Counts in words. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace belfry::cli {

// "3 unread (comment.created 2), 1 unseen": of a counts object; "?" for a number that it lacks.
std::string CountsText(const boost::json::value& counts);

}  // namespace belfry::cli
