// SPDX-License-Identifier: Apache-2.0
// What reads have cost. A plain value.
#pragma once

#include <cstdint>

namespace belfry::store {

// What reading has cost since the store was opened.
struct ReadCosts {
  struct Lookups {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;  // read from the file system
  };
  // Of the block cache, by kind of block. Everything that reads: feeds, logs, appends, compactions.
  Lookups index = {};
  Lookups filter = {};
  Lookups data = {};
  std::uint64_t feed_bytes = 0;  // read from the file system for feeds
};

}  // namespace belfry::store
