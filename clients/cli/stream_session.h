// SPDX-License-Identifier: Apache-2.0
// One user's stream across connections, without I/O: what to send, what came, how long to wait.
// It does what a browser's EventSource does, and backs off besides.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "libs/common/result.h"
#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"

namespace belfry::cli {

// Not thread-safe.
class StreamSession {
 public:
  // `cursor`: begin after it; empty begins now. `seed` makes the jitter.
  StreamSession(std::string cursor, std::int64_t batch_ms, std::uint64_t seed);

  // A connection to `host` is open: the bytes to send.
  std::string Open(const std::string& host, const std::string& token);

  enum class State {
    kWaiting,  // for the rest of the answer's head, or of a refusal
    kOpen,     // the stream is open
    kBroken,   // close, wait for NextWait() and open another
    kRefused,  // for good: see refusal()
  };
  // Bytes came. `on_event` is called for each event, bookmark and heartbeat of a stream.
  State Receive(std::string_view bytes, const http::SseParser::OnEvent& on_event);
  // The connection has ended, or could not be made: kBroken, or kRefused when it said so before.
  State Lose();

  // How long to wait before the next connection: the value of `retry:` or Retry-After (1 s without
  // them), and with each failure in a row up to twice as long, at most 30 s.
  std::chrono::milliseconds NextWait();

  // What a reconnect will resume after; empty while there is none.
  const std::string& cursor() const { return cursor_; }
  // Whether any stream was open.
  bool ever_open() const { return ever_open_; }
  const Error& refusal() const { return refusal_; }

 private:
  void TakeHead();
  State EndRefusal();

  std::string cursor_;
  const std::int64_t batch_ms_;
  std::mt19937_64 random_;
  std::chrono::milliseconds retry_{1'000};
  int failures_ = 0;
  bool ever_open_ = false;
  Error refusal_;

  // Of the connection under way.
  std::unique_ptr<http::ResponseReader> response_;
  http::SseParser parser_;
  bool head_taken_ = false;
  bool open_ = false;
  bool transient_ = false;  // its refusal may pass
  std::string refusal_body_;
};

}  // namespace belfry::cli
