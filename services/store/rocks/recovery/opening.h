// SPDX-License-Identifier: Apache-2.0
// What happens before the first read or write: is this directory ours, whole, and of this format?
// Inside the rooms of rocks/ only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "services/store/rocks/engine/partition_states.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/recovery/high_water.h"

namespace belfry::store {

// A directory that passed. Members in dependency order: the database's filters look at the state.
struct OpenedDirectory {
  std::unique_ptr<PartitionStates> state;
  std::unique_ptr<HighWaterFile> high_water;
  std::unique_ptr<RocksDb> db;
  std::string history_id;
  bool clean = true;                          // new, or the process before ended in order
  std::optional<std::int64_t> noted_time_us;  // see RocksStore
};

// Errors as RocksStore::Open's.
Result<OpenedDirectory> OpenDirectory(const RocksOptions& options, const Clock& clock,
                                      const Log& log);

}  // namespace belfry::store
