// SPDX-License-Identifier: Apache-2.0
// Paths as requests have them. Pure; any thread. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belfry::ingest {

// What is between the slashes of `path` ("alice/counts"), each decoded by itself: it may hold an
// encoded slash. Empty: one is malformed.
std::vector<std::string> PathSegments(std::string_view path);

}  // namespace belfry::ingest
