// SPDX-License-Identifier: Apache-2.0
// Walking over entries in RocksDB. Inside the rooms of rocks/ only.
#pragma once

#include <rocksdb/iterator.h>
#include <rocksdb/snapshot.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "services/store/core/feed_page.h"
#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// The entries whose keys begin with one prefix, in one column. The iterator is made by the first
// seek: a reader who has nothing new makes none.
class Rows final : public EntryCursor {
 public:
  // `db` must outlive it. `snapshot`: the moment to read; null: the moment of the first seek.
  Rows(const RocksDb& db, Column column, std::string prefix,
       std::shared_ptr<rocksdb::ManagedSnapshot> snapshot)
      : db_(db),
        column_(column),
        snapshot_(std::move(snapshot)),
        prefix_(std::move(prefix)),
        after_(AfterPrefix(prefix_)),
        lower_bound_(ToSlice(prefix_)),
        upper_bound_(ToSlice(after_)) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void SeekAfter(EntryId id) override {
    upwards_ = true;
    if (id == std::numeric_limits<EntryId>::max()) {
      iterator_.reset();  // no id is greater
      return;
    }
    Open().Seek(WithId(prefix_, id + 1));
  }
  void SeekBefore(EntryId id) override {
    upwards_ = false;
    if (id == 0) {
      iterator_.reset();  // no id is smaller
      return;
    }
    Open().SeekForPrev(WithId(prefix_, id - 1));
  }
  void Next() override {
    if (upwards_) {
      iterator_->Next();
    } else {
      iterator_->Prev();
    }
  }
  std::optional<EntryId> id() const override {
    if (!iterator_ || !iterator_->Valid()) {
      return std::nullopt;
    }
    const auto place = PlaceOf(View(iterator_->key()));
    return place ? std::optional(place->id) : std::nullopt;
  }
  std::size_t bytes() const override { return iterator_->value().size(); }
  Result<Entry> entry() const override {
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
  Status status() const override {
    if (iterator_ && !iterator_->status().ok()) {
      return Fail(ToError("read rows", iterator_->status()));
    }
    return {};
  }

 private:
  rocksdb::Iterator& Open() {
    if (!iterator_) {
      rocksdb::ReadOptions options;
      options.snapshot = snapshot_ ? snapshot_->snapshot() : nullptr;
      options.iterate_lower_bound = &lower_bound_;
      options.iterate_upper_bound = &upper_bound_;
      iterator_.reset(db_->NewIterator(options, db_.column(column_)));
    }
    return *iterator_;
  }

  const RocksDb& db_;
  const Column column_;
  const std::shared_ptr<rocksdb::ManagedSnapshot> snapshot_;
  const std::string prefix_;
  const std::string after_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool upwards_ = true;
};

}  // namespace belfry::store
