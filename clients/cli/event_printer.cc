// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/event_printer.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "clients/cli/counts_line.h"
#include "clients/cli/exit_codes.h"
#include "libs/common/text.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::cli {
namespace {

using Kind = http::SseEvent::Kind;
using Json = boost::json::value;

std::string Text(const Json& value, std::string_view name) {
  const Json* member =
      value.is_object() ? value.as_object().if_contains({name.data(), name.size()}) : nullptr;
  if (member == nullptr || !member->is_string()) {
    return {};
  }
  return {member->as_string().data(), member->as_string().size()};
}

// "1700000000000001  warning  Title - body  (comment.created)"
std::string NotificationLine(const Json& notification, const std::string& cursor) {
  std::string line =
      cursor + "  " + Text(notification, "level") + "  " + Text(notification, "title");
  if (const std::string body = Text(notification, "body"); !body.empty()) {
    line += " - " + body;
  }
  if (const std::string kind = Text(notification, "kind"); !kind.empty()) {
    line += "  (" + kind + ")";
  }
  return Printable(line) + "\n";
}

// "1700000000000007  state  read 1700000000000001; 2 unread, 0 unseen"
std::string StateLine(const Json& state, const std::string& cursor) {
  std::string what = Text(state, "op");
  std::replace(what.begin(), what.end(), '_', ' ');
  const Json* ids = state.is_object() ? state.as_object().if_contains("ids") : nullptr;
  if (ids != nullptr && ids->is_array()) {
    for (const Json& id : ids->as_array()) {
      what += id.is_string() ? " " + std::string(id.as_string().data(), id.as_string().size()) : "";
    }
  }
  if (const std::string up_to = Text(state, "upTo"); !up_to.empty()) {
    what += " up to " + up_to;
  }
  if (const std::string kind = Text(state, "kind"); !kind.empty()) {
    what += " of " + kind;
  }
  const Json* counts = state.is_object() ? state.as_object().if_contains("counts") : nullptr;
  const std::string now = counts == nullptr ? "" : "; " + CountsText(*counts);
  return Printable(cursor + "  state  " + what) + now + "\n";
}

std::string ForPeople(const http::SseEvent& event) {
  const auto data = wire::ParseStrictJson(event.data);
  if (data.ok() && event.event == "notification") {
    return NotificationLine(*data, event.id);
  }
  if (data.ok() && event.event == "state") {
    return StateLine(*data, event.id);
  }
  if (data.ok() && event.event == "notifications" && data->is_array()) {
    std::string lines;
    for (const Json& one : data->as_array()) {
      lines += NotificationLine(one, event.id);
    }
    return lines;
  }
  return Printable(event.id + "  " + event.event + "  " + event.data) + "\n";
}

std::string ForScripts(const http::SseEvent& event, std::string_view name) {
  std::string line = "{\"event\":";
  AppendJsonString(name, &line);
  line += ",\"id\":";
  AppendJsonString(event.id, &line);
  line += ",\"data\":";
  if (event.kind == Kind::kEvent && wire::ParseStrictJson(event.data).ok()) {
    std::string data = event.data;
    // Between tokens only: a JSON string has no bare line end.
    std::replace(data.begin(), data.end(), '\n', ' ');
    line += data;
  } else {
    AppendJsonString(event.data, &line);
  }
  return line + "}\n";
}

}  // namespace

std::string EventLines(const http::SseEvent& event, bool json, bool verbose) {
  switch (event.kind) {
    case Kind::kEvent:
      return json ? ForScripts(event, event.event) : ForPeople(event);
    case Kind::kSilent:
      if (!verbose || !event.has_id) {
        return {};
      }
      return json ? ForScripts(event, "bookmark") : Printable(event.id) + "  bookmark\n";
    case Kind::kComment:
      if (!verbose) {
        return {};
      }
      return json ? ForScripts(event, "comment") : Printable(":" + event.data) + "\n";
  }
  return {};
}

std::size_t NotificationsIn(const http::SseEvent& event) {
  if (event.kind != Kind::kEvent) {
    return 0;
  }
  if (event.event == "notification") {
    return 1;
  }
  if (event.event != "notifications") {
    return 0;
  }
  const auto data = wire::ParseStrictJson(event.data);
  return data.ok() && data->is_array() ? data->as_array().size() : 0;
}

std::optional<std::chrono::milliseconds> HeartbeatIn(const http::SseEvent& event) {
  if (event.kind != Kind::kEvent || event.event != "connected") {
    return std::nullopt;
  }
  const auto data = wire::ParseStrictJson(event.data);
  if (!data.ok() || !data->is_object()) {
    return std::nullopt;
  }
  const Json* heartbeat = data->as_object().if_contains("heartbeatMs");
  if (heartbeat == nullptr || !heartbeat->is_int64()) {
    return std::nullopt;
  }
  constexpr std::int64_t kMax = 3'600'000;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(heartbeat->as_int64(), 100, kMax));
}

}  // namespace belfry::cli
