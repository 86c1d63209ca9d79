// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/sse.h"

#include <array>
#include <cstdio>
#include <utility>

#include "libs/common/check.h"

namespace belfry::edge {
namespace {

constexpr std::string_view kLineEnds = "\r\n";

void AppendId(std::string& out, EntryId id) {
  if (id != 0) {
    out += "id: ";
    out += std::to_string(id);
    out += '\n';
  }
}

void AppendEvent(std::string& out, std::string_view event) {
  BELFRY_CHECK(event.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  out += "event: ";
  out += event;
  out += '\n';
}

// A `data:` line for each line of `data`; CR LF, CR and LF each end one.
void AppendData(std::string& out, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of(kLineEnds);
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) {
      return;
    }
    const bool crlf = data.substr(end, 2) == kLineEnds;
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
}

void AppendRetry(std::string& out, std::chrono::milliseconds retry) {
  out += "retry: ";
  out += std::to_string(retry.count());
  out += '\n';
}

// Between JSON's tokens a line's end is a space; inside a string it cannot stand.
void AppendOneLine(std::string& out, std::string_view json) {
  const std::size_t begin = out.size();
  out += json;
  for (std::size_t i = begin; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n') {
      out[i] = ' ';
    }
  }
}

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
    default:
      return "history_lost";
  }
}

FramePtr Share(Frame frame) { return std::make_shared<const Frame>(std::move(frame)); }

}  // namespace

FramePtr EventFrame(std::string_view event, EntryId id, std::string_view data) {
  Frame frame;
  frame.id = id;
  frame.bytes.reserve(event.size() + data.size() + 64);
  AppendId(frame.bytes, id);
  AppendEvent(frame.bytes, event);
  AppendData(frame.bytes, data);
  frame.bytes += '\n';
  return Share(std::move(frame));
}

FramePtr NotificationFrame(const Entry& entry, std::string_view json, SteadyTime received) {
  Frame frame;
  frame.id = entry.id;
  frame.created_us = entry.created_us;
  frame.received = received;
  frame.events = 1;
  frame.bytes.reserve(json.size() + 64);
  AppendId(frame.bytes, entry.id);
  AppendEvent(frame.bytes, "notification");
  frame.bytes += "data: ";
  frame.json_begin = static_cast<std::uint32_t>(frame.bytes.size());
  AppendOneLine(frame.bytes, json);
  frame.json_size = static_cast<std::uint32_t>(frame.bytes.size()) - frame.json_begin;
  frame.bytes += "\n\n";
  return Share(std::move(frame));
}

FramePtr GroupFrame(std::span<const FramePtr> notifications) {
  BELFRY_CHECK(!notifications.empty());
  std::size_t size = 64;
  for (const FramePtr& one : notifications) {
    size += one->json_size + 1;
  }
  Frame frame;
  frame.id = notifications.back()->id;
  frame.created_us = notifications.front()->created_us;
  frame.received = notifications.front()->received;
  frame.events = static_cast<std::uint32_t>(notifications.size());
  frame.bytes.reserve(size);
  AppendId(frame.bytes, frame.id);
  AppendEvent(frame.bytes, "notifications");
  frame.bytes += "data: [";
  for (const FramePtr& one : notifications) {
    frame.bytes += one->json();
    frame.bytes += ',';
  }
  frame.bytes.back() = ']';
  frame.bytes += "\n\n";
  return Share(std::move(frame));
}

FramePtr BookmarkFrame(EntryId id) {
  Frame frame;
  frame.id = id;
  AppendId(frame.bytes, id);
  frame.bytes += '\n';
  return Share(std::move(frame));
}

FramePtr CommentFrame(std::string_view text) {
  Frame frame;
  frame.bytes = ": ";
  AppendOneLine(frame.bytes, text);
  frame.bytes += "\n\n";
  return Share(std::move(frame));
}

FramePtr HeadFrame(std::string_view http_head, std::chrono::milliseconds retry) {
  Frame frame;
  frame.bytes = http_head;
  AppendRetry(frame.bytes, retry);
  frame.bytes += ": belfry\n\n";
  return Share(std::move(frame));
}

FramePtr ConnectedFrame(std::optional<EntryId> id, const Connected& connected) {
  std::string json = R"({"connectionId":)";
  AppendJsonString(json, connected.connection_id);
  json += R"(,"userId":)";
  AppendJsonString(json, connected.user_id);
  json += R"(,"unreadCount":)" + std::to_string(connected.unread_count);
  json += R"(,"upTo":")" + std::to_string(connected.up_to);
  json += R"(","heartbeatMs":)" + std::to_string(connected.heartbeat.count());
  json += R"(,"serverTime":")" + Rfc3339(connected.server_us) + R"("})";
  Frame frame;
  frame.id = id.value_or(0);
  if (id) {
    frame.bytes = "id: " + std::to_string(*id) + "\n";
  }
  AppendEvent(frame.bytes, "connected");
  AppendData(frame.bytes, json);
  frame.bytes += '\n';
  return Share(std::move(frame));
}

FramePtr ResetFrame(const Reset& reset) {
  std::string json = R"({"reason":")";
  json += FaultName(reset.fault);
  json += R"(","oldestId":")" + std::to_string(reset.oldest);
  json += R"(","unreadCount":)" + std::to_string(reset.unread_count);
  json += R"(,"upTo":")" + std::to_string(reset.up_to) + R"("})";
  return EventFrame("reset", reset.up_to, json);
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

FramePtr ByeFrame(ByeReason reason, std::chrono::milliseconds retry) {
  Frame frame;
  AppendRetry(frame.bytes, retry);
  AppendEvent(frame.bytes, "bye");
  AppendData(frame.bytes, R"({"reason":")" + std::string(ByeName(reason)) + R"("})");
  frame.bytes += '\n';
  return Share(std::move(frame));
}

std::string Rfc3339(std::int64_t unix_micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{
      std::chrono::microseconds(unix_micros)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace belfry::edge
