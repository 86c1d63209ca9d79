// SPDX-License-Identifier: Apache-2.0
// Frames of the event stream (WHATWG HTML, section 9.2.6). Whatever text goes in, one frame comes
// out: CR and LF become new `data:` lines or spaces, never the end of a frame or another field.
// Stateless; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "services/edge/core/frame.h"

namespace belfry::edge {

// `event` is our own word (no CR, LF or NUL: checked). id 0: no id line.
FramePtr EventFrame(std::string_view event, EntryId id, std::string_view data);

// `json` as Renderer::Json gave it for `entry`.
FramePtr NotificationFrame(const Entry& entry, std::string_view json, SteadyTime received);

// One `notifications` event of all of `notifications` (at least one), with the last one's id.
FramePtr GroupFrame(std::span<const FramePtr> notifications);

// An id line without data: moves the client's cursor and tells it nothing.
FramePtr BookmarkFrame(EntryId id);

// ": text", which clients skip.
FramePtr CommentFrame(std::string_view text);

// What a stream begins with: the HTTP response's head, `retry:` and a comment.
FramePtr HeadFrame(std::string_view http_head, std::chrono::milliseconds retry);

struct Connected {
  std::string_view connection_id;
  std::string_view user_id;
  std::uint64_t unread_count = 0;
  EntryId up_to = 0;
  std::chrono::milliseconds heartbeat{};
  std::int64_t server_us = 0;  // unix microseconds
};
// Unlike elsewhere an id of 0 is told too: the cursor "before the first".
FramePtr ConnectedFrame(std::optional<EntryId> id, const Connected& connected);

struct Reset {
  CursorFault fault = CursorFault::kNone;
  EntryId oldest = 0;
  std::uint64_t unread_count = 0;
  EntryId up_to = 0;  // also the id line
};
FramePtr ResetFrame(const Reset& reset);

enum class ByeReason : std::uint8_t { kDraining, kOverloaded, kEvicted, kTokenExpired };
std::string_view ByeName(ByeReason reason);
FramePtr ByeFrame(ByeReason reason, std::chrono::milliseconds retry);

// Unix microseconds as RFC 3339 in UTC: "2026-11-21T10:00:00.123456Z".
std::string Rfc3339(std::int64_t unix_micros);

}  // namespace belfry::edge
