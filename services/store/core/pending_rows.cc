// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/pending_rows.h"

#include "libs/common/check.h"

namespace belfry::store {

void PendingRows::NoteNew() {
  for (; noted_ < batch_.rows().size(); ++noted_) {
    const RowChange& row = batch_.rows()[noted_];
    at_.insert_or_assign({row.table, row.key}, noted_);
  }
}

Result<std::vector<std::optional<std::string>>> PendingRows::Read(
    Table table, std::span<const std::string> keys) {
  NoteNew();
  std::vector<std::optional<std::string>> rows(keys.size());
  std::vector<std::string> asked;
  std::vector<std::size_t> asked_at;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto found = at_.find({table, keys[i]}); found != at_.end()) {
      rows[i] = batch_.rows()[found->second].value;
    } else {
      asked.push_back(keys[i]);
      asked_at.push_back(i);
    }
  }
  if (asked.empty()) {
    return rows;
  }
  auto committed = committed_.Read(table, asked);
  if (!committed.ok()) {
    return committed;
  }
  BELFRY_CHECK_EQ(committed->size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    rows[asked_at[i]] = std::move((*committed)[i]);
  }
  return rows;
}

}  // namespace belfry::store
