// SPDX-License-Identifier: Apache-2.0
// Thousands of SSE clients on one thread, each of which does what a browser's EventSource does:
// reconnects by itself with its Last-Event-ID, honours `retry:` (bounded, for tests), and writes
// down all that it saw.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/http/sse_parser.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/socket.h"

namespace belfry::test {

struct SseClientOptions {
  std::string name;
  std::string project;
  std::string user_id;
  std::string token;
  std::vector<Endpoint> edges;    // tried in turn, from the first, one on each reconnect
  std::optional<EntryId> cursor;  // sent on the first connection; nothing: starts now
  std::string query;              // "batch_ms=200"
  int receive_buffer_bytes = 0;   // SO_RCVBUF; 0: the system's
  // Without a byte for so long (heartbeats count) it gives the connection up and makes another,
  // within a second; 0: waits for ever, as EventSource does.
  std::chrono::milliseconds silence_max{0};
  // Called with every block that comes, on the fleet's thread; it must not call the fleet.
  std::function<void(const http::SseEvent&)> on_event = {};
};

// Any thread may call; one thread of its own does the work. Clients are numbered from 0.
class SseFleet {
 public:
  // `retry_max` bounds the waits between connections, whatever the server sends.
  explicit SseFleet(std::chrono::milliseconds retry_max = std::chrono::milliseconds(300));
  ~SseFleet();  // closes all

  std::size_t Add(SseClientOptions options);
  // Closes for good; the history says that it left.
  void Leave(std::size_t client);
  // Leaves the socket unread until GoOnReading; the server sees a full pipe.
  void StopReading(std::size_t client);
  void GoOnReading(std::size_t client);

  // How many clients have a connection that received `connected`.
  std::size_t connected() const;
  // How many notifications all have received, or one.
  std::size_t told() const;
  std::size_t told(std::size_t client) const;
  // How many `bye` events all have received, with that reason (empty: any).
  std::size_t byes(const std::string& reason = {}) const;
  // How many connections that client has made.
  std::size_t connections(std::size_t client) const;
  // The client's last cursor.
  EntryId cursor(std::size_t client) const;

  // Wait until true, false after `patience`.
  bool WaitConnected(std::size_t count, std::chrono::milliseconds patience) const;
  // Every client that has not left received every acknowledged publish of its feed that came after
  // its start, or after a reset that it received since. What has expired by now is left out.
  bool WaitForAll(const std::vector<Publish>& publishes, std::chrono::milliseconds patience) const;

  std::vector<ClientHistory> Histories() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::test
