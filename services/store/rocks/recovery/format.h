// SPDX-License-Identifier: Apache-2.0
// What a data directory says of itself. Inside the rooms of rocks/ only.
#pragma once

#include <optional>
#include <string>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/commit_batch.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

struct Format {
  Partition partitions = 0;
  std::string history_id;
};

// 32 random hexadecimal digits.
std::string MakeHistoryId();

// Nothing in a database that no store has made its own. kFailedPrecondition: of another format
// version. kDataLoss: malformed. `directory` is for messages.
Result<std::optional<Format>> ReadFormat(const RocksDb& db, const std::string& directory);

// Adds all of it to `batch`.
void PutFormat(const Format& format, CommitBatch& batch);

}  // namespace belfry::store
