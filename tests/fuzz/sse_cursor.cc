// SPDX-License-Identifier: Apache-2.0
// The cursor that a stream's request names: query||header lines, as a client sends them.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "libs/common/ascii.h"
#include "libs/http/request_head.h"
#include "libs/http/sse_parser.h"
#include "services/edge/core/sse_encoder.h"
#include "services/edge/http/stream_request.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

// Where the cursor is, by the protocol's order, and its value; std::nullopt: there is none.
struct Named {
  std::string field;
  std::string text;
};

std::optional<Named> CursorText(const http::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (!EqualsWithoutCase(name, "last-event-id")) {
      continue;
    }
    if (!value.empty()) {
      return Named{"Last-Event-ID", value};
    }
    break;
  }
  for (const char* field : {"last_event_id", "lastEventId"}) {
    const auto first = std::find_if(request.query.begin(), request.query.end(),
                                    [field](const auto& pair) { return pair.first == field; });
    if (first != request.query.end() && !first->second.empty()) {
      return Named{field, first->second};
    }
  }
  return std::nullopt;
}

// The number that `digits` (1 to 20 of them) write, as text; beyond 64 bits it is the largest.
std::string AsIdText(std::string_view digits) {
  constexpr std::string_view kMax = "18446744073709551615";
  while (digits.size() > 1 && digits.front() == '0') {
    digits.remove_prefix(1);
  }
  const bool beyond = digits.size() == kMax.size() && digits > kMax;
  return std::string(beyond ? kMax : digits);
}

bool IsSayingSo(std::string_view name) { return name == "last_event_id" || name == "lastEventId"; }

// Another parameter may be refused by its name, whatever its value.
bool RefusedByName(const http::Request& request, const Error& error) {
  return std::any_of(request.query.begin(), request.query.end(), [&](const auto& pair) {
    return !IsSayingSo(pair.first) && error.violations.at(0).field == pair.first;
  });
}

void CheckCursor(const http::Request& request) {
  const auto cursor = edge::ParseCursor(request);
  if (!cursor.ok() && RefusedByName(request, cursor.error())) {
    return;
  }
  const auto named = CursorText(request);
  if (!named) {
    BELFRY_PROMISE(cursor.ok() && !*cursor);
    return;
  }
  const std::string& text = named->text;
  const bool well_formed =
      text.size() <= 20 && text.find_first_not_of("0123456789") == std::string::npos;
  BELFRY_PROMISE(cursor.ok() == well_formed, text);
  if (!cursor.ok()) {
    BELFRY_PROMISE(cursor.error().code == Code::kInvalidArgument);
    BELFRY_PROMISE(cursor.error().violations.size() == 1);
    BELFRY_PROMISE(cursor.error().violations[0].field == named->field, text);
    return;
  }
  BELFRY_PROMISE(cursor->has_value() && std::to_string(**cursor) == AsIdText(text), text);
}

// What a stream sends as its cursor comes back as the same number.
void CheckRoundTrip(EntryId id) {
  http::SseParser parser;
  std::string bytes;
  edge::SseEncoder().Append(*edge::BookmarkEvent(id), bytes);
  const bool read = parser.Feed(bytes, [](const http::SseEvent&) {});
  BELFRY_PROMISE(read && !parser.last_event_id().empty());
  http::Request next;
  next.headers.emplace_back("last-event-id", parser.last_event_id());
  const auto cursor = edge::ParseCursor(next);
  BELFRY_PROMISE(cursor.ok() && *cursor == id, parser.last_event_id());
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::string query(parts.Part());
  std::string head = "GET /v1/stream?" + query + " HTTP/1.1\r\nHost: edge\r\n";
  head.append(parts.Rest()).append("\r\n\r\n");
  head.resize(head.find("\r\n\r\n") + 4);  // the server never parses beyond a head's end
  const auto parsed = http::ParseRequestHead(head);
  if (const auto* refusal = std::get_if<http::Refusal>(&parsed)) {
    BELFRY_PROMISE(refusal->status >= 400 && refusal->status < 600, head);
    return;
  }
  const http::Request& request = std::get<http::RequestHead>(parsed).request;
  CheckCursor(request);
  const auto cursor = edge::ParseCursor(request);
  if (cursor.ok() && cursor->value_or(0) != 0) {
    CheckRoundTrip(**cursor);
  }
}

}  // namespace belfry::fuzz
