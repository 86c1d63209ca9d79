// SPDX-License-Identifier: Apache-2.0
// Rows in memory for long walks downwards. RocksDB's Prev searches each memtable from its top,
// which costs ten times what Next does: a walk that gets long reads what lies below it upwards, a
// window of rows at a time. Inside the rooms of rocks/ only; one thread.
#pragma once

#include <rocksdb/iterator.h>

#include <cstddef>
#include <deque>
#include <string>

#include "libs/common/entry.h"

namespace belfry::store {

class RowWindow {
 public:
  struct Row {
    EntryId id;
    std::string value;
  };

  // Takes in rows of `prefix` with ids below `below`, as far up as there are any: up to kRowsMax.
  // Empty afterwards: there is none, or the iterator's status says why. `iterator` is bounded to
  // the prefix and stands anywhere afterwards. `gap`: the distance of ids, where it is guessed.
  void Fill(rocksdb::Iterator& iterator, const std::string& prefix, EntryId below, EntryId gap);
  void Clear() { rows_.clear(); }

  bool empty() const { return rows_.empty(); }
  // The one with the greatest id.
  const Row& top() const { return rows_.back(); }
  void Pop() { rows_.pop_back(); }

  static constexpr std::size_t kRowsMax = 512;
  // Rows that are passed for one window before it is made narrower.
  static constexpr std::size_t kPassedMax = 1'024;

 private:
  // False: there are too many, or an error.
  bool TakeBetween(rocksdb::Iterator& iterator, const std::string& prefix, EntryId from,
                   EntryId below);

  std::deque<Row> rows_;
  EntryId width_ = 0;       // ids that a window spans; 0: not known yet
  std::size_t passed_ = 0;  // rows of the last one
};

}  // namespace belfry::store
