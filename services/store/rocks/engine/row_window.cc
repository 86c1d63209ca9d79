// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/row_window.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {
namespace {

EntryId Times(EntryId width, EntryId factor) {
  return width > std::numeric_limits<EntryId>::max() / factor ? width : width * factor;
}

}  // namespace

bool RowWindow::TakeBetween(rocksdb::Iterator& iterator, const std::string& prefix, EntryId from,
                            EntryId below) {
  passed_ = 0;
  for (iterator.Seek(WithId(prefix, from)); iterator.Valid(); iterator.Next()) {
    const auto id = IdOf(View(iterator.key()));
    if (!id || *id >= below) {
      break;
    }
    if (++passed_ > kPassedMax) {
      return false;
    }
    if (rows_.size() == kRowsMax) {
      rows_.pop_front();
    }
    rows_.push_back({*id, iterator.value().ToString()});
  }
  return iterator.status().ok();
}

void RowWindow::Fill(rocksdb::Iterator& iterator, const std::string& prefix, EntryId below,
                     EntryId gap) {
  rows_.clear();
  if (below == 0) {
    return;
  }
  // Where the next one is: between it and `below` there may be years.
  iterator.SeekForPrev(WithId(prefix, below - 1));
  if (!iterator.Valid()) {
    return;
  }
  below = IdOf(View(iterator.key())).value_or(0) + 1;
  if (width_ == 0) {
    width_ = Times(std::max<EntryId>(gap, 1), kRowsMax / 8);
  }
  while (!TakeBetween(iterator, prefix, below > width_ ? below - width_ : 0, below)) {
    rows_.clear();
    if (!iterator.status().ok()) {
      return;
    }
    width_ = std::max<EntryId>(width_ / 8, 1);  // an id has one row, so this ends
  }
  if (passed_ > kRowsMax) {
    width_ = std::max<EntryId>(width_ / 2, 1);
  } else if (passed_ < kRowsMax / 2) {
    width_ = Times(width_, 2);
  }
}

}  // namespace belfry::store
