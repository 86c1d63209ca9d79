// SPDX-License-Identifier: Apache-2.0
// RocksDB opened our way: column families, options, filters, status mapping. Inside the rooms of
// rocks/ only.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/core/upkeep.h"
#include "services/store/rocks/engine/rocks_options.h"

namespace belfry::store {

enum class Column : std::size_t {
  kDefault,  // RocksDB insists on it; empty
  kLog,
  kFeed,
  kBodies,
  kUsers,
  kProjects,
  kState,
  kKeys,
  kMeta,
  kExpiry,
  kCollapse,
  kSegments,
  kMembers,
  kAudience,
  kOperations,
};
inline constexpr std::array<std::string_view, 15> kColumnNames = {
    "default", "log",    "feed",     "bodies",   "users",   "projects", "state",     "keys",
    "meta",    "expiry", "collapse", "segments", "members", "audience", "operations"};

// Column families of storage format 1, until a start has converted them (recovery/convert.h).
enum class OldColumn : std::size_t { kBroadcasts, kHeads };
inline constexpr std::array<std::string_view, 2> kOldColumnNames = {"broadcasts", "heads"};

// What to do about a directory that this version cannot read.
inline constexpr std::string_view kLaterVersion =
    "a later version has written it: install that version again, or restore a backup of this one";

// Floors by partition, shared with the compaction filters. Raised only after the floor is durable.
using Floors = std::vector<std::atomic<EntryId>>;

// What to do about a write-ahead log that is damaged or missing.
enum class Recovery {
  kWhole,       // refuse to open: kDataLoss
  kWhatIsThere  // open with what lies before the damage, the same moment for every column
};

// An open database. Thread-safe, as RocksDB is.
class RocksDb {
 public:
  // `floors` and `clock` must outlive it.
  static Result<std::unique_ptr<RocksDb>> Open(const std::string& path, const RocksOptions& options,
                                               Recovery recovery, const Floors& floors,
                                               const Clock& clock, Log log);
  // Changes nothing on disk and takes no lock: nobody else may write to it meanwhile. Of a database
  // that is still to be converted, columns may be missing: column() is null. `env` must outlive it;
  // null: the machine's. Refuses what Open with kWhole refuses; kNotFound: there is no database.
  static Result<std::unique_ptr<RocksDb>> OpenReadOnly(const std::string& path, rocksdb::Env* env,
                                                       Log log);
  ~RocksDb();
  RocksDb(const RocksDb&) = delete;
  RocksDb& operator=(const RocksDb&) = delete;

  rocksdb::DB* operator->() const { return db_.get(); }
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* column(Column column) const {
    return columns_[static_cast<std::size_t>(column)];
  }
  // Whether it has column families that are to be converted.
  bool has_old_columns() const { return has_old_columns_; }
  // Null: it is not there, or not open, as after OpenReadOnly.
  rocksdb::ColumnFamilyHandle* column(OldColumn column) const {
    return old_columns_[static_cast<std::size_t>(column)];
  }
  // Removes those that are there, with their rows. Any error of ToError's.
  Status DropOldColumns();
  // All but feed_bytes.
  ReadCosts read_costs() const;
  // Writes what is in memory to tables, all columns at once. Any error of ToError's.
  Status FlushAll() const;

 private:
  RocksDb() = default;

  std::shared_ptr<rocksdb::Statistics> statistics_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> columns_;  // owned; freed before db_
  std::array<rocksdb::ColumnFamilyHandle*, kOldColumnNames.size()> old_columns_ = {};  // likewise
  bool has_old_columns_ = false;
};

// RocksDB's own log goes where ours goes.
std::shared_ptr<rocksdb::Logger> MakeInfoLog(Log log);

// Our words for RocksDB's: corruption is kDataLoss, a held lock kFailedPrecondition, others
// kUnavailable. `status` must not be OK.
Error ToError(std::string_view doing, const rocksdb::Status& status);

// Where a read may look. kMemory: in memtables and the block cache; it fails with kUnavailable
// where that does not tell, and never waits for the disk.
enum class ReadFrom : std::uint8_t { kDisk, kMemory };

rocksdb::ReadOptions ReadOptionsFor(ReadFrom from, const rocksdb::Snapshot* snapshot);

// One row by key; std::nullopt where there is none. Any column.
Result<std::optional<std::string>> GetRow(const RocksDb& db, Column column, std::string_view key,
                                          const rocksdb::Snapshot* snapshot = nullptr,
                                          ReadFrom from = ReadFrom::kDisk);

// Rows by key, in the order asked for. Errors likewise.
Result<std::vector<std::optional<std::string>>> GetRows(const RocksDb& db, Column column,
                                                        std::span<const std::string> keys);

inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace belfry::store
