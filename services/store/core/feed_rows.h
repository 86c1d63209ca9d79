// SPDX-License-Identifier: Apache-2.0
// The port by which feeds, lists and logs are read: cursors over rows as an adapter has them.
// RocksDB, the simulation and the tests' stores provide rows; none of them has rules of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/project_record.h"
#include "services/store/core/refs.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

// Walks over rows that are sorted by an id. One thread. Stands on none until the first seek, which
// may block on the disk.
class RowCursor {
 public:
  virtual ~RowCursor() = default;

  // To the first row with an id above `id`; from there Next goes upwards.
  virtual void SeekAfter(EntryId id) = 0;
  // To the last row with an id below `id`; from there Next goes downwards.
  virtual void SeekBefore(EntryId id) = 0;
  // Only while it stands on a row.
  virtual void Next() = 0;

  // The row's id; std::nullopt behind the last one in its direction, or after an error.
  virtual std::optional<EntryId> id() const = 0;
  // The size of the row. Only while it stands on one.
  virtual std::size_t bytes() const = 0;
  // Whether id() is std::nullopt because of an error: kDataLoss or kUnavailable.
  virtual Status status() const = 0;
};

// Over the entries of one user, of one project without a user, or of one partition's log.
class EntryCursor : public RowCursor {
 public:
  // Only while it stands on an entry. A broadcast is whole, wherever its body is kept; one of
  // FeedMoment::project_entries has no `prev`. kDataLoss: the row cannot be read back.
  virtual Result<Entry> entry() const = 0;
  // The entry's kind, much cheaper than the entry. Only while it stands on one. std::nullopt: the
  // row cannot be read back, as entry() says.
  virtual std::optional<EntryKind> kind() const = 0;
};

// Over what was done to single entries of one user.
class StateCursor : public RowCursor {
 public:
  // Only while it stands on a row. kDataLoss: it cannot be read back.
  virtual Result<EntryState> state() const = 0;
};

// What one user's feed is read from: the state at one moment. The cursors may lack entries at or
// below the partition's floor as of now, which may lie above the moment's.
struct FeedMoment {
  PartitionPosition position = {};
  EntryId upgraded_at = 0;                    // see JoinsAt
  std::optional<UserRecord> user = {};        // std::nullopt: nobody has heard of them
  ProjectRecord project = {};                 // zeros where there is none
  std::unique_ptr<EntryCursor> user_entries;  // the user's own
  std::unique_ptr<EntryCursor>
      project_entries;                  // the project's: broadcasts, and what became of them
  std::unique_ptr<StateCursor> states;  // of the user's own entries
};

// The rows of a store. Thread-safe if the adapter says so.
class FeedRows {
 public:
  virtual ~FeedRows() = default;

  virtual Partition partitions() const = 0;
  // The committed state as of now, from memory. A partition's floor rises here before any entry at
  // or below it is dropped.
  virtual PartitionPosition HeadNow(Partition partition) const = 0;
  // By id; constant while the store is open.
  virtual std::span<const LostInterval> Lost(Partition partition) const = 0;

  // The state of one moment not before this call. kDataLoss, kUnavailable: as the disk says.
  virtual Result<FeedMoment> Look(const UserRef& user) const = 0;
  // The partition's whole log as of now.
  virtual Result<std::unique_ptr<EntryCursor>> Log(Partition partition) const = 0;
};

}  // namespace belfry::store
