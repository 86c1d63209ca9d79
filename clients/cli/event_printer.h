// SPDX-License-Identifier: Apache-2.0
// A stream's events as lines of text.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "libs/http/sse_parser.h"

namespace belfry::cli {

// One event's lines, each with its LF; empty for what is not to be shown. With `json` one object
// {"event","id","data"}; else for people, text from outside made harmless. Bookmarks and heartbeats
// only if `verbose`.
std::string EventLines(const http::SseEvent& event, bool json, bool verbose);

// How many notifications an event brings.
std::size_t NotificationsIn(const http::SseEvent& event);

// The interval of heartbeats that a `connected` event states.
std::optional<std::chrono::milliseconds> HeartbeatIn(const http::SseEvent& event);

}  // namespace belfry::cli
