// SPDX-License-Identifier: Apache-2.0
// A data directory's own rows: format, partitions, history. Inside the rooms of rocks/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/commit_batch.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

inline constexpr std::uint64_t kFormat = 4;
inline constexpr std::uint64_t kFormatOldest = 1;  // that convert.h converts

struct Format {
  Partition partitions = 0;
  std::string history_id;
  std::uint64_t version = kFormat;
};

// 32 random hexadecimal digits.
std::string MakeHistoryId();

// std::nullopt for a database that no store has made its own. kFailedPrecondition: of a format
// version that is not known. kDataLoss: malformed. `directory` is for messages.
Result<std::optional<Format>> ReadFormat(const RocksDb& db, const std::string& directory);

// Adds all of it to `batch`.
void PutFormat(const Format& format, CommitBatch& batch);

}  // namespace belfry::store
