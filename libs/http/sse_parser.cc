// SPDX-License-Identifier: Apache-2.0
#include "libs/http/sse_parser.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace belfry::http {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What a lead byte asks for: how many bytes follow, and what the first of them may be.
struct Lead {
  int following = 0;  // -1: not a lead byte
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
};

Lead LeadOf(std::uint8_t byte) {
  if (byte < 0x80) {
    return {0};
  }
  if (byte >= 0xC2 && byte <= 0xDF) {
    return {1};
  }
  if (byte == 0xE0) {
    return {2, 0xA0, 0xBF};
  }
  if (byte == 0xED) {
    return {2, 0x80, 0x9F};
  }
  if (byte >= 0xE1 && byte <= 0xEF) {
    return {2};
  }
  if (byte == 0xF0) {
    return {3, 0x90, 0xBF};
  }
  if (byte >= 0xF1 && byte <= 0xF3) {
    return {3};
  }
  if (byte == 0xF4) {
    return {3, 0x80, 0x8F};
  }
  return {-1};
}

}  // namespace

std::string DecodeUtf8(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    Lead lead = LeadOf(static_cast<std::uint8_t>(text[at]));
    std::size_t end = at + 1;
    int missing = lead.following;
    while (missing > 0 && end < text.size()) {
      const auto byte = static_cast<std::uint8_t>(text[end]);
      if (byte < lead.low || byte > lead.high) {
        break;
      }
      lead = {};  // only the first one following is narrower
      ++end;
      --missing;
    }
    decoded.append(missing == 0 ? text.substr(at, end - at) : kReplacement);
    at = end;
  }
  return decoded;
}

SseParser::SseParser(std::size_t block_bytes_max) : block_bytes_max_(block_bytes_max) {}

bool SseParser::Feed(std::string_view bytes, const OnEvent& on_event) {
  while (!bytes.empty() && !failed_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + block_.data.size() > block_bytes_max_) {
      failed_ = true;
      break;
    }
    if (end == std::string_view::npos) {
      break;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    EndLine(on_event);
  }
  return !failed_;
}

void SseParser::EndLine(const OnEvent& on_event) {
  std::string_view raw = line_;
  if (std::exchange(first_line_, false) && raw.starts_with(kByteOrderMark)) {
    raw.remove_prefix(kByteOrderMark.size());
  }
  const std::string decoded = DecodeUtf8(raw);
  line_.clear();
  const std::string_view line = decoded;
  if (line.empty()) {
    EndBlock(on_event);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) {
    SseEvent comment;
    comment.kind = SseEvent::Kind::kComment;
    comment.data = line.substr(1);
    on_event(comment);
    return;
  }
  block_has_lines_ = true;
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) {
      value.remove_prefix(1);
    }
  }
  TakeField(line.substr(0, colon), value);
}

void SseParser::TakeField(std::string_view name, std::string_view value) {
  if (name == "event") {
    block_.event = value;
  } else if (name == "data") {
    block_.data.append(value);
    block_.data.push_back('\n');
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) {
      block_.id = value;
      block_.has_id = true;
    }
  } else if (name == "retry") {
    TakeRetry(value);
  }
}

void SseParser::TakeRetry(std::string_view value) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
    return;
  }
  constexpr std::int64_t kMax = 1'000'000'000'000;  // 30 years of milliseconds
  std::int64_t millis = 0;
  for (const char c : value) {
    millis = std::min(kMax, millis * 10 + (c - '0'));
  }
  retry_ = block_.retry = std::chrono::milliseconds(millis);
}

void SseParser::EndBlock(const OnEvent& on_event) {
  last_event_id_ = block_.id;
  SseEvent ended = std::exchange(block_, SseEvent{});
  block_.id = last_event_id_;
  if (!std::exchange(block_has_lines_, false)) {
    return;
  }
  if (ended.data.empty()) {
    ended.kind = SseEvent::Kind::kSilent;
  } else {
    ended.data.pop_back();
  }
  if (ended.event.empty()) {
    ended.event = "message";
  }
  on_event(ended);
}

}  // namespace belfry::http
