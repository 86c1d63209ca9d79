// SPDX-License-Identifier: Apache-2.0
// What callers ask the store to write, and what they are told. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::store {

// One thing to write; fields as in belfry.v1.AppendItem, already validated.
struct AppendItem {
  EntryKind kind = EntryKind::kNotification;  // kNotification or kBroadcast
  std::string project = {};
  std::string user_id = {};
  std::string idempotency_key = {};
  bool idempotency_key_fresh = false;
  std::string content_hash = {};
  std::int64_t expires_us = 0;
  std::string payload = {};

  // What it costs in the queue and in a round of a store with `partitions`. A broadcast becomes a
  // row in each of them, and one more row that holds the payload.
  std::size_t bytes(Partition partitions) const {
    constexpr std::size_t kRow = 256;  // an entry, its key and what surrounds both
    const std::size_t rows = kind == EntryKind::kBroadcast ? (partitions + 1) * kRow : 0;
    return sizeof(*this) + project.size() + user_id.size() + idempotency_key.size() +
           content_hash.size() + payload.size() + rows;
  }
};

// What was stored. `duplicate`: by an earlier item with the same idempotency key.
struct Appended {
  EntryId id = 0;
  std::int64_t created_us = 0;
  bool duplicate = false;
  bool operator==(const Appended&) const = default;
};

// One answer per item, in the order of the items. An item's error always means: not stored.
using AppendResults = std::vector<Result<Appended>>;

// One caller's items with the way back to it.
struct AppendCall {
  std::vector<AppendItem> items = {};
  SteadyTime accepted = {};
  // After it the caller no longer wants the answer; checked until the items enter a round.
  SteadyTime deadline = SteadyTime::max();
  // Tells whether the caller has gone; may be empty. Called on the sequencer's thread.
  std::function<bool()> cancelled = {};
  // Called exactly once. An error of the whole call means: unknown, a retry with the same keys is
  // safe. Usually on the sequencer's thread: must not block.
  std::function<void(Result<AppendResults>)> done = {};
};

}  // namespace belfry::store
