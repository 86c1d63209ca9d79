// SPDX-License-Identifier: Apache-2.0
// Reads a text/event-stream as a browser does (WHATWG HTML, section 9.2.6), without I/O. Unlike a
// browser it also reports what fires no event there, because our clients and tests watch it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace belfry::http {

// One block of the stream (the lines before an empty one), or one comment line.
struct SseEvent {
  enum class Kind {
    kEvent,    // has data: a browser fires it
    kSilent,   // has none: a browser only takes over `id` and `retry`
    kComment,  // `data` is the text after the colon; all else is empty
  };
  Kind kind = Kind::kEvent;
  std::string event;    // "message" when the block names none
  std::string data;     // its lines joined by LF
  std::string id;       // the last event id after this block, whichever block set it
  bool has_id = false;  // this block had an id line that counts
  std::optional<std::chrono::milliseconds> retry;  // the value of this block's retry line
};

// Not thread-safe; one per response.
class SseParser {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;

  // `block_bytes_max` bounds a line and a block's data; a peer that sends more is not one of ours.
  explicit SseParser(std::size_t block_bytes_max = 64 * 1024 * 1024);

  // Takes the next bytes, cut anywhere, and calls `on_event` for each thing they complete. A block
  // that the stream's end cuts off is dropped. Bytes that are not UTF-8 become U+FFFD.
  // False: a bound was passed; `on_event` will not be called again.
  bool Feed(std::string_view bytes, const OnEvent& on_event);

  // The cursor to reconnect with: the last complete block's.
  const std::string& last_event_id() const { return last_event_id_; }
  // The last `retry:` line's value.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void EndLine(const OnEvent& on_event);
  void TakeField(std::string_view name, std::string_view value);
  void TakeRetry(std::string_view value);
  void EndBlock(const OnEvent& on_event);

  std::size_t block_bytes_max_;
  bool failed_ = false;
  bool first_line_ = true;
  bool after_cr_ = false;  // an LF that comes next belongs to the CR before it
  std::string line_;
  bool block_has_lines_ = false;
  SseEvent block_;
  std::string last_event_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

// `text` as WHATWG's UTF-8 decoder reads it: each maximal part that is not UTF-8 is one U+FFFD.
std::string DecodeUtf8(std::string_view text);

}  // namespace belfry::http
