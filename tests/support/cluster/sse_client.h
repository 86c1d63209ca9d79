// SPDX-License-Identifier: Apache-2.0
// One SSE client without its socket: requests to send, bytes in, history out.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/sse_fleet.h"

namespace belfry::test {

// Not thread-safe.
class SseClient {
 public:
  explicit SseClient(SseClientOptions options);

  // A connection is about to be made: its edge.
  const Endpoint& NextEdge();
  // A connection is made: the request to send, Last-Event-ID included.
  std::string Opened();
  // False: the connection is of no more use (refused, or not HTTP).
  bool Received(std::string_view bytes);
  void Closed();
  void Left();

  bool connected() const { return connected_; }
  // What the server's last `retry:` said.
  std::chrono::milliseconds retry() const { return retry_; }
  EntryId cursor() const { return cursor_; }
  std::size_t told() const { return told_; }
  std::size_t connections() const { return connections_; }
  // Where it began; nothing before it was connected.
  std::optional<EntryId> start() const { return start_; }
  bool WasTold(EntryId id) const { return ids_.contains(id); }
  // Whether it still waits for `id`: it came after its start and after its last reset.
  bool Misses(EntryId id) const { return start_ && id > *start_ && id > reset_ && !WasTold(id); }
  const SseClientOptions& options() const { return options_; }
  const ClientHistory& history() const { return history_; }

 private:
  // False: it is a refusal.
  bool TakeHead();
  void OnEvent(const http::SseEvent& event);
  void OnData(const http::SseEvent& event);
  void RecordTold(const http::SseEvent& event);
  StreamEvent& Record(StreamEvent::Kind kind);

  const SseClientOptions options_;
  ClientHistory history_;
  std::chrono::milliseconds retry_{1000};
  EntryId cursor_ = 0;
  bool has_cursor_ = false;
  std::optional<EntryId> start_;
  EntryId reset_ = 0;  // the greatest cursor that a reset gave
  std::unordered_set<EntryId> ids_;
  std::size_t told_ = 0;
  std::size_t connections_ = 0;
  std::size_t next_edge_ = 0;

  // Of the connection under way.
  bool connected_ = false;
  bool head_taken_ = false;
  std::unique_ptr<http::ResponseReader> response_;
  http::SseParser parser_;
};

}  // namespace belfry::test
