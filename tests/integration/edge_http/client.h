// SPDX-License-Identifier: Apache-2.0
// A client of the edge on a blocking socket. Every wait has a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"

namespace belfry::edge {

inline constexpr std::chrono::seconds kPatience{20};

class Client {
 public:
  Client() = default;
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Connects and sends `request`, whole as it goes over the wire. `receive_buffer`: of the kernel,
  // small for a slow peer.
  void Open(std::uint16_t port, const std::string& request, int receive_buffer = 0);
  void Send(std::string_view bytes);
  void Close();
  // Closes with a reset.
  void Abort();

  // Reads until `done` holds, the peer closes or patience ends; whether it holds.
  bool ReadUntil(const std::function<bool()>& done, std::chrono::milliseconds patience = kPatience);
  // Reads what is there without waiting.
  void ReadSome();
  bool ReadToEnd() {
    return ReadUntil([this] { return ended_; });
  }

  bool ended() const { return ended_; }
  // It has ended, and its body is whole.
  bool whole() const { return ended_ && response_ && response_->done(); }
  const std::string& head() const { return head_; }
  // Without its chunks' frames.
  const std::string& body() const { return body_; }
  const std::vector<http::SseEvent>& events() const { return events_; }
  const std::string& last_event_id() const { return parser_.last_event_id(); }
  std::optional<std::chrono::milliseconds> retry() const { return parser_.retry(); }
  int Count(std::string_view event) const;
  // The data of the last event of that name, empty without one.
  std::string DataOf(std::string_view event) const;
  // The ids of all notifications told.
  std::vector<std::uint64_t> Told() const;

 private:
  void Take(std::string_view bytes);

  int socket_ = -1;
  bool ended_ = false;
  std::string head_;  // up to the empty line
  std::string body_;
  std::unique_ptr<http::ResponseReader> response_;
  http::SseParser parser_;
  std::vector<http::SseEvent> events_;
};

// "GET path" with a bearer token and more headers ("Name: value").
std::string Get(std::string_view path, std::string_view token = {},
                const std::vector<std::string>& headers = {});

}  // namespace belfry::edge
