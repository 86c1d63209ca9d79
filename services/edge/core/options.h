// SPDX-License-Identifier: Apache-2.0
// Every bound and wait of the edge's streams. The comment names the setting.
#pragma once

#include <chrono>
#include <cstdint>

namespace belfry::edge {

struct StreamOptions {
  using Millis = std::chrono::milliseconds;

  // How many streams at once.
  std::int64_t per_user_max = 5;  // edge_streams_per_user_max; beyond: the oldest goes
  // Each bound is below the next one, so that no address takes a whole project's and no project a
  // whole process's.
  std::int64_t per_address_max = 3'000;   // edge_streams_per_address_max
  std::int64_t per_project_max = 12'000;  // edge_streams_per_project_max
  std::int64_t streams_max = 16'000;      // edge_streams_max, the whole process

  // What one stream may hold in memory.
  std::uint64_t queue_bytes_max = 256 * 1024;  // edge_queue_bytes_max: unsent, then catch up later
  std::uint64_t held_bytes_max = 64 * 1024;    // edge_held_bytes_max: live events during a read

  // What one core may keep of the entries it has rendered, so that it renders each once.
  std::uint64_t rendered_bytes_max = 8 * 1024 * 1024;  // edge_rendered_bytes_max

  Millis heartbeat{20'000};      // edge_heartbeat, 5 to 60 s
  Millis bookmark{180'000};      // edge_bookmark: how often an idle stream's cursor moves
  Millis stall_timeout{30'000};  // edge_stall_timeout: without a byte taken by the peer
  Millis close_timeout{5'000};   // edge_close_timeout: for a bye to be taken
  Millis retry{2'000};           // edge_retry: sent to clients, half to one and a half of it

  // Catching up.
  std::int64_t catch_up_calls_max = 2;           // edge_catch_up_calls_max: at once, per core
  std::int64_t catch_up_waiting_max = 20'000;    // edge_catch_up_waiting_max: per core
  std::int64_t catch_up_entries_max = 256;       // edge_catch_up_entries_max: per page
  std::uint64_t catch_up_bytes_max = 32 * 1024;  // edge_catch_up_bytes_max: per page
};

}  // namespace belfry::edge
