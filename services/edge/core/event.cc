// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/event.h"

#include <array>
#include <cstdio>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/time_text.h"

namespace belfry::edge {
namespace {

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string_view FaultName(CursorFault fault) {
  switch (fault) {
    case CursorFault::kAhead:
      return "cursor_ahead";
    case CursorFault::kWindowPassed:
      return "window_passed";
    case CursorFault::kNone:
    case CursorFault::kHistoryLost:
      break;
  }
  return "history_lost";
}

Text ShareText(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

EventPtr Share(Event event) { return std::make_shared<const Event>(std::move(event)); }

}  // namespace

std::optional<EventKind> EventKindOf(EntryKind kind) {
  switch (kind) {
    case EntryKind::kNotification:
    case EntryKind::kBroadcast:
      return EventKind::kNotification;
    case EntryKind::kState:
      return EventKind::kState;
    case EntryKind::kUnspecified:
      break;
  }
  return std::nullopt;
}

Event EntryEvent(const Entry& entry, EventKind kind, std::string json) {
  Event event;
  event.kind = kind;
  event.replayable = true;
  event.notifications = kind == EventKind::kNotification ? 1 : 0;
  event.id = entry.id;
  event.text = ShareText(std::move(json));
  event.created_us = entry.created_us;
  return event;
}

EventPtr GroupEvent(std::span<const EventPtr> notifications) {
  BELFRY_CHECK(!notifications.empty());
  std::size_t size = 2;
  for (const EventPtr& one : notifications) {
    size += one->json().size() + 1;
  }
  std::string json;
  json.reserve(size);
  json += '[';
  for (const EventPtr& one : notifications) {
    BELFRY_CHECK(one->kind == EventKind::kNotification);
    json += one->json();
    json += ',';
  }
  json.back() = ']';
  Event event;
  event.kind = EventKind::kNotifications;
  event.replayable = true;
  event.notifications = static_cast<std::uint32_t>(notifications.size());
  event.id = notifications.back()->id;
  event.text = ShareText(std::move(json));
  event.created_us = notifications.front()->created_us;
  event.received = notifications.front()->received;
  return Share(std::move(event));
}

EventPtr OpeningEvent(std::string http_head, std::chrono::milliseconds retry) {
  Event event;
  event.kind = EventKind::kOpening;
  event.text = ShareText(std::move(http_head));
  event.retry = retry;
  return Share(std::move(event));
}

EventPtr HeartbeatEvent() {
  Event event;
  event.kind = EventKind::kHeartbeat;
  return Share(std::move(event));
}

EventPtr BookmarkEvent(EntryId id) {
  Event event;
  event.kind = EventKind::kBookmark;
  event.id = id;
  return Share(std::move(event));
}

EventPtr ConnectedEvent(std::optional<EntryId> id, const Connected& connected) {
  std::string json = R"({"connectionId":)";
  AppendJsonString(json, connected.connection_id);
  json += R"(,"userId":)";
  AppendJsonString(json, connected.user_id);
  json += R"(,"unreadCount":)" + std::to_string(connected.unread_count);
  json += R"(,"upTo":")" + std::to_string(connected.up_to);
  json += R"(","heartbeatMs":)" + std::to_string(connected.heartbeat.count());
  json += R"(,"serverTime":")" + Rfc3339(connected.server_us) + R"("})";
  Event event;
  event.kind = EventKind::kConnected;
  event.id = id;
  event.text = ShareText(std::move(json));
  return Share(std::move(event));
}

EventPtr ResetEvent(const Reset& reset) {
  std::string json = R"({"reason":")";
  json += FaultName(reset.fault);
  json += R"(","oldestId":")" + std::to_string(reset.oldest);
  json += R"(","unreadCount":)" + std::to_string(reset.unread_count);
  json += R"(,"upTo":")" + std::to_string(reset.up_to) + R"("})";
  Event event;
  event.kind = EventKind::kReset;
  event.id = reset.up_to;
  event.text = ShareText(std::move(json));
  return Share(std::move(event));
}

std::string_view ByeName(ByeReason reason) {
  switch (reason) {
    case ByeReason::kDraining:
      return "draining";
    case ByeReason::kOverloaded:
      return "overloaded";
    case ByeReason::kEvicted:
      return "evicted";
    case ByeReason::kTokenExpired:
      return "token_expired";
  }
  return "draining";
}

EventPtr ByeEvent(ByeReason reason, std::chrono::milliseconds retry) {
  Event event;
  event.kind = EventKind::kBye;
  event.text = ShareText(R"({"reason":")" + std::string(ByeName(reason)) + R"("})");
  event.retry = retry;
  return Share(std::move(event));
}

}  // namespace belfry::edge
