// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/event.h"

#include <utility>

#include "libs/common/check.h"
#include "libs/common/text.h"
#include "libs/common/time_text.h"

namespace belfry::edge {
namespace {

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

// The counts object, and the two of its members that were there before it.
void AppendCounts(std::string& json, const Counts& counts) {
  json += R"(,"unreadCount":)" + std::to_string(counts.unread);
  json += R"(,"upTo":")" + std::to_string(counts.up_to);
  json += R"(","counts":)" + CountsJson(counts);
}

// "name":["text",...]
template <typename Items, typename AppendItem>
void AppendArray(std::string& json, std::string_view name, const Items& items, AppendItem append) {
  json += ",\"";
  json += name;
  json += "\":[";
  for (const auto& item : items) {
    json += json.back() == '[' ? "" : ",";
    append(item);
  }
  json += ']';
}

std::string StateJson(const Entry& entry, const StateChange& change, const Counts& counts) {
  std::string json = R"({"op":")";
  json += NameOf(change.op);
  json += '"';
  if (!change.ids.empty()) {
    AppendArray(json, "ids", change.ids,
                [&](EntryId id) { json += '"' + std::to_string(id) + '"'; });
  }
  if (change.up_to != 0) {
    json += R"(,"upTo":")" + std::to_string(change.up_to) + '"';
  }
  if (!change.kind.empty()) {
    json += R"(,"kind":)";
    AppendJsonString(change.kind, &json);
  }
  if (change.only_read) {
    json += R"(,"onlyRead":true)";
  }
  if (change.op == StateOp::kPreferences) {
    AppendArray(json, "mutedKinds", change.muted_kinds,
                [&](const std::string& kind) { AppendJsonString(kind, &json); });
  }
  json += R"(,"at":")" + Rfc3339(entry.created_us) + '"';
  if (!change.operation.empty()) {
    json += R"(,"operation":)";
    AppendJsonString(change.operation, &json);
  }
  json += R"(,"counts":)" + CountsJson(counts) + '}';
  return json;
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
    case EntryKind::kErased:
    case EntryKind::kRevoked:
    case EntryKind::kKicked:
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
  if (entry.kind == EntryKind::kBroadcast) {
    event.broadcast_kind = entry.notification_kind;
    event.can_be_muted = !entry.critical;
  }
  return event;
}

Event StateEvent(const Entry& entry, const StateChange& change, const Counts& counts) {
  Event event = EntryEvent(entry, EventKind::kState, StateJson(entry, change, counts));
  if (change.op == StateOp::kPreferences) {
    event.muted_kinds = std::make_shared<const std::vector<std::string>>(change.muted_kinds);
  }
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
  AppendJsonString(connected.connection_id, &json);
  json += R"(,"userId":)";
  AppendJsonString(connected.user_id, &json);
  AppendCounts(json, connected.counts);
  json += R"(,"heartbeatMs":)" + std::to_string(connected.heartbeat.count());
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
  json += '"';
  AppendCounts(json, reset.counts);
  json += '}';
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
    case ByeReason::kRevoked:
      return "revoked";
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
