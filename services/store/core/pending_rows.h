// SPDX-License-Identifier: Apache-2.0
// Rows as a commit that is being decided leaves them, so that what is decided later in it builds on
// what was decided before.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

// Not thread-safe.
class PendingRows final : public RowReader {
 public:
  // Both must outlive it. `batch` only grows meanwhile.
  PendingRows(const CommitBatch& batch, RowReader& committed)
      : batch_(batch), committed_(committed) {}

  // What `batch` has put or removed, else what is committed. Errors of `committed`.
  Result<std::vector<std::optional<std::string>>> Read(Table table,
                                                       std::span<const std::string> keys) override;

 private:
  // Notes the rows that have come since.
  void NoteNew();

  const CommitBatch& batch_;
  RowReader& committed_;
  std::map<std::pair<Table, std::string>, std::size_t> at_;  // a row's last change, by number
  std::size_t noted_ = 0;
};

}  // namespace belfry::store
