// SPDX-License-Identifier: Apache-2.0
// Walking over entries in RocksDB. Inside the rooms of rocks/ only.
#pragma once

#include <rocksdb/iterator.h>
#include <rocksdb/snapshot.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "services/store/core/feed_rows.h"
#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/engine/row_window.h"

namespace belfry::store {

// The rows whose keys begin with one prefix and end with an id, in one column: a RowCursor of any
// kind. The iterator is made by the first seek: a feed without new entries makes none.
template <typename Cursor>
class PrefixRows : public Cursor {
 public:
  // `db` must outlive it. `snapshot`: the moment to read; null: the moment of the first seek.
  PrefixRows(const RocksDb& db, Column column, std::string prefix,
             std::shared_ptr<rocksdb::ManagedSnapshot> snapshot, ReadFrom from = ReadFrom::kDisk)
      : db_(db),
        column_(column),
        from_(from),
        snapshot_(std::move(snapshot)),
        prefix_(std::move(prefix)),
        after_(AfterPrefix(prefix_)),
        lower_bound_(ToSlice(prefix_)),
        upper_bound_(ToSlice(after_)) {}
  PrefixRows(const PrefixRows&) = delete;
  PrefixRows& operator=(const PrefixRows&) = delete;

  void SeekAfter(EntryId id) override {
    Restart(true);
    if (id == std::numeric_limits<EntryId>::max()) {
      iterator_.reset();  // no id is greater
      return;
    }
    Open().Seek(WithId(prefix_, id + 1));
  }
  void SeekBefore(EntryId id) override {
    Restart(false);
    if (id == 0) {
      iterator_.reset();  // no id is smaller
      return;
    }
    Open().SeekForPrev(WithId(prefix_, id - 1));
    sought_ = this->id().value_or(0);
  }
  void Next() override {
    if (upwards_) {
      iterator_->Next();
    } else if (windowed_ || steps_ == kStepsMax) {
      NextInWindow();
    } else {
      ++steps_;
      iterator_->Prev();
    }
  }
  std::optional<EntryId> id() const override {
    if (windowed_) {
      return window_.empty() ? std::nullopt : std::optional(window_.top().id);
    }
    if (!iterator_ || !iterator_->Valid()) {
      return std::nullopt;
    }
    return IdOf(View(iterator_->key()));
  }
  std::size_t bytes() const override { return value().size(); }
  Status status() const override {
    if (iterator_ && !iterator_->status().ok()) {
      return Fail(ToError("read rows", iterator_->status()));
    }
    return {};
  }

 protected:
  const RocksDb& db() const { return db_; }
  // Of the row that it stands on.
  std::string_view value() const {
    return windowed_ ? std::string_view(window_.top().value) : View(iterator_->value());
  }

 private:
  // Steps downwards that are made one by one: a page for people, and what lies between.
  static constexpr EntryId kStepsMax = 128;

  void Restart(bool upwards) {
    upwards_ = upwards;
    windowed_ = false;
    window_.Clear();
    steps_ = 0;
  }
  void NextInWindow() {
    const EntryId at = *id();
    if (windowed_) {
      window_.Pop();
    }
    if (window_.empty()) {
      window_.Fill(*iterator_, prefix_, at, (sought_ - at) / kStepsMax);
    }
    windowed_ = true;
  }
  rocksdb::Iterator& Open() {
    if (!iterator_) {
      rocksdb::ReadOptions options =
          ReadOptionsFor(from_, snapshot_ ? snapshot_->snapshot() : nullptr);
      options.iterate_lower_bound = &lower_bound_;
      options.iterate_upper_bound = &upper_bound_;
      iterator_.reset(db_->NewIterator(options, db_.column(column_)));
    }
    return *iterator_;
  }

  const RocksDb& db_;
  const Column column_;
  const ReadFrom from_;
  const std::shared_ptr<rocksdb::ManagedSnapshot> snapshot_;
  const std::string prefix_;
  const std::string after_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool upwards_ = true;
  // Of a walk downwards: where it began, how many steps it has made, and whether it goes on in
  // window_ instead of iterator_.
  EntryId sought_ = 0;
  EntryId steps_ = 0;
  bool windowed_ = false;
  RowWindow window_;
};

// Entries.
class Rows : public PrefixRows<EntryCursor> {
 public:
  using PrefixRows::PrefixRows;

  std::optional<EntryKind> kind() const final { return wire::KindOf(value()); }
  Result<Entry> entry() const final {
    auto entry = wire::DecodeEntry(value());
    if (!entry.ok()) {
      return Fail(Code::kDataLoss, "decode row: " + entry.error().message);
    }
    if (entry->id != *id()) {
      return Fail(Code::kDataLoss,
                  "row " + std::to_string(*id()) + " holds entry " + std::to_string(entry->id));
    }
    if (Status complete = Complete(*entry); !complete.ok()) {
      return Fail(std::move(complete.error()));
    }
    return entry;
  }

 protected:
  // Adds to an entry what its row does not hold. kDataLoss, kUnavailable: it cannot.
  virtual Status Complete(Entry&) const { return {}; }
};

// What was done to single entries of one user.
class StateRows final : public PrefixRows<StateCursor> {
 public:
  using PrefixRows::PrefixRows;

  Result<EntryState> state() const override {
    const auto state = DecodeEntryState(value());
    if (!state) {
      return Fail(Code::kDataLoss, "decode row: the state of " + std::to_string(*id()));
    }
    return *state;
  }
};

// One partition's log, whose rows refer to broadcasts' bodies.
class LogRows final : public Rows {
 public:
  LogRows(const RocksDb& db, Partition partition)
      : Rows(db, Column::kLog, LogKey(partition, 0).substr(0, sizeof partition), nullptr) {}

 protected:
  Status Complete(Entry& entry) const override {
    if (entry.kind != EntryKind::kBroadcast) {
      return {};
    }
    const auto row = GetRow(db(), Column::kBodies, WithId(ProjectKey(entry.project), entry.id));
    if (!row.ok()) {
      return Fail(row.error());
    }
    auto body = *row ? wire::DecodeEntry(**row)
                     : Result<Entry>(Fail(Code::kDataLoss, "there is no such row"));
    if (!body.ok()) {
      return Fail(Code::kDataLoss, "read the body of broadcast " + std::to_string(entry.id) + ": " +
                                       body.error().message);
    }
    entry.payload = std::move(body->payload);
    return {};
  }
};

// A project's entries, broadcasts and what became of them, as the feeds of one partition have them.
class BroadcastRows final : public Rows {
 public:
  BroadcastRows(const RocksDb& db, std::string_view project, Partition partition,
                std::shared_ptr<rocksdb::ManagedSnapshot> snapshot, ReadFrom from)
      : Rows(db, Column::kBodies, ProjectKey(project), std::move(snapshot), from),
        partition_(partition) {}

 protected:
  Status Complete(Entry& entry) const override {
    entry.partition = partition_;
    return {};
  }

 private:
  const Partition partition_;
};

}  // namespace belfry::store
