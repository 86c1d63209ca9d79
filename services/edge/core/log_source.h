// SPDX-License-Identifier: Apache-2.0
// Reads the store's log. The port behind filling holes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

// The heads of all partitions of a store.
struct Heads {
  Partition partitions = 0;  // how many there are in all
  std::vector<PartitionPosition> heads;
  std::string history_id = {};  // changes when a data directory is made anew
  std::int64_t now_us = 0;      // the store's wall clock; 0: not known
};

// Every `done` is called exactly once, on any thread, within a deadline of the implementation's.
class LogSource {
 public:
  virtual ~LogSource() = default;
  using OnEntries = std::function<void(Result<SentEntries>)>;
  // Reads consecutive entries of `partition` after `after`: to the log's end as of the call, or
  // about `bytes_max` of them. None: the log ends at `after`. kOutOfRange: what follows `after` is
  // no longer kept, or was lost.
  virtual void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
                       OnEntries done) = 0;

  using OnHeads = std::function<void(Result<Heads>)>;
  // The answer is as of a moment after the call.
  virtual void ReadHeads(OnHeads done) = 0;
};

}  // namespace belfry::edge
