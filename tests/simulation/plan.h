// SPDX-License-Identifier: Apache-2.0
// What one run is to be like: how large, how fast, how unlucky. Profiles are families of plans; a
// seed picks one of the family.
#pragma once

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/random.h"

namespace belfry::sim {

using Millis = std::chrono::milliseconds;

// Whose users have the same names.
inline constexpr std::array<std::string_view, 2> kProjects = {"acme", "globex"};

// What notifications are of, and what is muted: two of them share a prefix.
inline constexpr std::array<std::string_view, 3> kKinds = {"chat.message", "chat.mention", "news"};

struct Plan {
  std::uint64_t seed = 0;
  std::string_view profile;

  Millis run{12'000};    // with faults and traffic
  Millis settle{9'000};  // without: everything must come to rest

  // How much of everything there is.
  Partition partitions = 3;
  int edges = 2;
  int cores = 2;  // of an edge
  int ingests = 2;
  int producers = 3;
  int users = 4;
  int clients = 7;
  int per_user_max = 5;  // streams; beyond, the oldest is evicted

  Millis publish_every{60};    // of one producer, about
  Millis wander_every{4'000};  // how long a client stays connected by its own will, about
  // How often a client changes what its user has, about; zero: never, and nothing has a kind.
  Millis change_every{0};
  // How often tokens are revoked or streams closed, about; zero: never.
  Millis revoke_every{0};
  // How long an edge keeps a revocation. No token of a run is used for as long.
  std::chrono::seconds revocations_kept = std::chrono::hours(30 * 24);
  // Of how many users an edge knows revocations; beyond, they are of the whole project.
  std::size_t revocations_max = 1'000'000;
  int rivals = 0;     // chance in percent that something is of the second project
  int expiring = 0;   // chance in percent that a publish expires soon
  int strangers = 0;  // chance in percent that a client comes with a cursor of elsewhere

  // Times and chances of what always goes on; the chances in percent. See Calm.
  Millis call_max{4};  // one way
  Millis bus_max{3};
  Millis connection_max{3};  // one way, between edge and client
  Millis commit_max{2};
  Millis slow_commit_max{1'500};
  int slow_commits = 0;
  int calls_lost = 0;
  int answers_lost = 0;
  int bus_lost = 0;
  int bus_repeated = 0;
  int bus_refused = 0;  // the store is told that it could not be sent
  int reads_failed = 0;
  bool bus_dead = false;  // nobody ever hears anything

  // Small bounds, so that they are met.
  std::uint64_t queue_bytes_max = 256 * 1024;
  std::uint64_t held_bytes_max = 64 * 1024;
  std::size_t connection_bytes = 16 * 1024;  // that the network takes before the client reads
  std::int64_t page_entries_max = 8;
  Millis token_life{0};        // zero: for ever
  Millis retention_window{0};  // zero: nothing is retired
  std::chrono::microseconds clock_jump_max{0};
  // Every other edge's wall clock is so far ahead from the start, the others' as far behind.
  std::chrono::microseconds edge_clocks_off{0};

  // Of one client or publish.
  std::string ProjectOf(Random& some) const {
    return std::string(kProjects[some.Chance(rivals) ? 1 : 0]);
  }

  // About how often each fault comes; zero: never.
  std::array<Millis, kFaults> every{};
  Millis& Every(Fault fault) { return every[static_cast<std::size_t>(fault)]; }

  // From now on nothing goes wrong any more.
  void Calm();
};

// Their names: "calm", "bus", ..., "everything".
std::span<const std::string_view> ProfileNames();

// The plan that `seed` picks of `profile`, which must be one of them.
Plan MakePlan(std::string_view profile, std::uint64_t seed);

}  // namespace belfry::sim
