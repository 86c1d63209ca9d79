// SPDX-License-Identifier: Apache-2.0
// Any bytes as an event stream: cut pattern (one byte), then the stream. The parser agrees with a
// reading of the standard that takes the whole text at once.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/text.h"
#include "libs/http/sse_parser.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

using http::SseEvent;

// WHATWG HTML, section 9.2.6, word for word and line by line.
class ByTheBook {
 public:
  explicit ByTheBook(std::string_view bytes) {
    std::string text = http::DecodeUtf8(bytes);
    if (text.starts_with("\xEF\xBB\xBF")) {
      text.erase(0, 3);
    }
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find_first_of("\r\n", begin);
      if (end == std::string::npos) {
        break;  // a line without an end counts for nothing
      }
      TakeLine(text.substr(begin, end - begin));
      begin = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
    }
  }

  std::vector<SseEvent> told;
  std::string last_event_id;

 private:
  void TakeLine(const std::string& line) {
    if (line.empty()) {
      return Dispatch();
    }
    const std::size_t colon = line.find(':');
    if (colon == 0) {
      SseEvent comment;
      comment.kind = SseEvent::Kind::kComment;
      comment.data = line.substr(1);
      told.push_back(comment);
      return;
    }
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) {
      value.erase(0, 1);
    }
    TakeField(line.substr(0, colon), value);
  }

  void TakeField(const std::string& name, const std::string& value) {
    any_line_ = true;
    if (name == "event") {
      type_ = value;
    }
    if (name == "data") {
      data_ += value + "\n";
    }
    if (name == "id" && value.find('\0') == std::string::npos) {
      id_ = value;
      has_id_ = true;
    }
    const bool digits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
    if (name == "retry" && digits) {
      has_retry_ = true;
    }
  }

  void Dispatch() {
    last_event_id = id_;
    if (any_line_) {
      SseEvent event;
      event.kind = data_.empty() ? SseEvent::Kind::kSilent : SseEvent::Kind::kEvent;
      event.event = type_.empty() ? "message" : type_;
      event.data = data_.substr(0, std::max<std::size_t>(data_.size(), 1) - 1);
      event.id = id_;
      event.has_id = has_id_;
      if (has_retry_) {
        event.retry.emplace(0);
      }
      told.push_back(event);
    }
    any_line_ = has_id_ = has_retry_ = false;
    type_.clear();
    data_.clear();
  }

  bool any_line_ = false, has_id_ = false, has_retry_ = false;
  std::string type_, data_, id_;
};

bool Same(const SseEvent& a, const SseEvent& b) {
  return a.kind == b.kind && a.event == b.event && a.data == b.data && a.id == b.id &&
         a.has_id == b.has_id && a.retry.has_value() == b.retry.has_value();
}

void CheckAgainstTheBook(std::string_view stream, std::uint8_t pattern) {
  const ByTheBook book(stream);
  http::SseParser parser;
  std::vector<SseEvent> told;
  for (Pieces pieces(stream, pattern); !pieces.empty();) {
    const bool fed =
        parser.Feed(pieces.Next(), [&told](const SseEvent& event) { told.push_back(event); });
    BELFRY_PROMISE(fed);
  }
  BELFRY_PROMISE(told.size() == book.told.size(), stream);
  for (std::size_t i = 0; i < told.size(); ++i) {
    BELFRY_PROMISE(Same(told[i], book.told[i]), stream, told[i].data, book.told[i].data);
  }
  BELFRY_PROMISE(parser.last_event_id() == book.last_event_id, stream);
}

// A peer that sends more than a block may hold is not listened to any longer.
void CheckBound(std::string_view stream, std::uint8_t pattern) {
  constexpr std::size_t kBlockMax = 64;
  http::SseParser parser(kBlockMax);
  bool going_on = true;
  for (Pieces pieces(stream, pattern); !pieces.empty();) {
    const bool fed = parser.Feed(pieces.Next(), [&](const SseEvent& event) {
      // One byte that is not UTF-8 becomes three.
      BELFRY_PROMISE(going_on && event.data.size() <= 3 * kBlockMax, stream);
    });
    BELFRY_PROMISE(going_on || !fed, stream);
    going_on = fed;
  }
}

void CheckUtf8(std::string_view stream) {
  const std::string decoded = http::DecodeUtf8(stream);
  BELFRY_PROMISE(IsUtf8(decoded), stream);
  BELFRY_PROMISE(http::DecodeUtf8(decoded) == decoded, stream);
  BELFRY_PROMISE(!IsUtf8(stream) || decoded == stream, stream);
  BELFRY_PROMISE(IsUtf8(ToUtf8(stream)), stream);
  for (std::size_t size = 0; size < std::min<std::size_t>(decoded.size(), 64); ++size) {
    const std::string_view cut = TruncateUtf8(decoded, size);
    BELFRY_PROMISE(cut.size() <= size && cut.size() + 3 >= size && IsUtf8(cut), stream);
  }
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::uint8_t pattern = parts.Byte();
  CheckAgainstTheBook(parts.Rest(), pattern);
  CheckBound(parts.Rest(), pattern);
  CheckUtf8(parts.Rest());
}

}  // namespace belfry::fuzz
