// SPDX-License-Identifier: Apache-2.0
// The only way in which RocksDB's tables change: a CommitBatch, applied whole and synced. Knows no
// rules. Inside the rooms of rocks/ only.
#pragma once

#include <string_view>

#include "libs/common/result.h"
#include "services/store/core/commit_batch.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// The column family that holds the rows of `table`.
Column ColumnOf(Table table);

// OK: `batch` is on disk. Errors as ToError's, `doing` before them: whether it is on disk is
// unknown.
Status Apply(const RocksDb& db, const CommitBatch& batch, std::string_view doing);

}  // namespace belfry::store
