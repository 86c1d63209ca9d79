// SPDX-License-Identifier: Apache-2.0
// Walking over entries in RocksDB. Inside this room only.
#pragma once

#include <rocksdb/iterator.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "services/store/rocks/key_codec.h"
#include "services/store/rocks/rocks_db.h"

namespace belfry::store {

// An iterator over the rows of one prefix, with what it points into.
class Rows {
 public:
  Rows(const RocksDb& db, Column column, std::string prefix, const rocksdb::Snapshot* snapshot)
      : prefix_(std::move(prefix)), after_(AfterPrefix(prefix_)), upper_bound_(ToSlice(after_)) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.iterate_upper_bound = &upper_bound_;
    iterator_.reset(db->NewIterator(options, db.column(column)));
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void SeekAfter(EntryId id) { iterator_->Seek(WithId(prefix_, id + 1)); }
  void Next() { iterator_->Next(); }
  // The id of the row it stands on; nothing at the end.
  std::optional<EntryId> id() const {
    if (!iterator_->Valid()) {
      return std::nullopt;
    }
    const auto place = PlaceOf(View(iterator_->key()));
    return place ? std::optional(place->id) : std::nullopt;
  }
  std::size_t bytes() const { return iterator_->value().size(); }
  Result<Entry> entry() const {
    auto entry = wire::DecodeEntry(View(iterator_->value()));
    if (!entry.ok()) {
      return Fail(Code::kDataLoss, "decode row: " + entry.error().message);
    }
    if (entry->id != *id()) {
      return Fail(Code::kDataLoss,
                  "row " + std::to_string(*id()) + " holds entry " + std::to_string(entry->id));
    }
    return entry;
  }
  Status status() const {
    if (!iterator_->status().ok()) {
      return Fail(ToError("read rows", iterator_->status()));
    }
    return {};
  }

 private:
  const std::string prefix_;
  const std::string after_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace belfry::store
