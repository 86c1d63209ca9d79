// SPDX-License-Identifier: Apache-2.0
// What became of one connection, and of the edge's process that had it. Times are microseconds of
// the simulation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace belfry::sim {

// One life of an edge's process.
struct EdgeLife {
  std::int64_t begun_us = 0;
  std::optional<std::int64_t> drains_us = {};  // since when it sends its streams away
};

// As the client saw it.
struct StreamRecord {
  std::string client;
  std::string project;
  std::string user_id;
  std::int64_t issued_s = 0;  // the token's "iat"
  std::shared_ptr<const EdgeLife> edge;
  std::int64_t opened_us = 0;
  std::optional<std::int64_t> connected_us = {};  // it was let in
  std::optional<std::int64_t> ended_us = {};      // by a bye, or the connection's end
  std::string bye = {};                           // the reason, if there was one
};

}  // namespace belfry::sim
