// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/sse_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace belfry::edge {
namespace {

void AppendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void AppendId(std::string& out, EntryId id) {
  out += "id: ";
  AppendNumber(out, id);
  out += '\n';
}

void AppendRetry(std::string& out, std::optional<std::chrono::milliseconds> retry) {
  if (retry) {
    out += "retry: ";
    AppendNumber(out, static_cast<std::uint64_t>(retry->count()));
    out += '\n';
  }
}

// A `data:` line for each line of `data`; CR LF, CR and LF each end one.
void AppendData(std::string& out, std::string_view data) {
  while (true) {
    // Two searches for one character each are several times faster than one for either.
    const std::size_t end = std::min(data.find('\r'), data.find('\n'));
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) {
      return;
    }
    const bool crlf = data.substr(end, 2) == "\r\n";
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
}

void AppendNamed(std::string& out, std::string_view name, const Event& event) {
  if (event.id) {
    AppendId(out, *event.id);
  }
  AppendRetry(out, event.retry);
  out += "event: ";
  out += name;
  out += '\n';
  AppendData(out, event.json());
  out += '\n';
}

// Without the head of the response, which an opening begins with.
void AppendText(std::string& out, const Event& event) {
  switch (event.kind) {
    case EventKind::kOpening:
      out += ": belfry\n";
      AppendRetry(out, event.retry);
      return;
    case EventKind::kConnected:
      return AppendNamed(out, "connected", event);
    case EventKind::kReset:
      return AppendNamed(out, "reset", event);
    case EventKind::kBye:
      return AppendNamed(out, "bye", event);
    case EventKind::kHeartbeat:
      out += ": hb\n";  // ends its line and no block: none is open
      return;
    case EventKind::kBookmark:
      AppendId(out, event.id.value_or(0));
      out += '\n';
      return;
    case EventKind::kNotification:
      return AppendNamed(out, "notification", event);
    case EventKind::kNotifications:
      return AppendNamed(out, "notifications", event);
    case EventKind::kState:
      return AppendNamed(out, "state", event);
  }
}

// Puts the size of what `out` has from `begin` on before it, and the chunk's end after it.
void MakeChunk(std::string& out, std::size_t begin) {
  std::array<char, 18> size{};
  char* end = std::to_chars(size.data(), size.data() + 16, out.size() - begin, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.insert(begin, size.data(), static_cast<std::size_t>(end - size.data()));
  out += "\r\n";
}

}  // namespace

void SseEncoder::Append(const Event& event, std::string& out) const {
  if (event.kind == EventKind::kOpening) {
    out += event.json();
  }
  AppendText(out, event);
}

void ChunkedSseEncoder::Append(const Event& event, std::string& out) const {
  if (event.kind == EventKind::kOpening) {
    out += event.json();
  }
  const std::size_t begin = out.size();
  AppendText(out, event);
  MakeChunk(out, begin);
  if (event.kind == EventKind::kBye) {
    out += "0\r\n\r\n";
  }
}

}  // namespace belfry::edge
