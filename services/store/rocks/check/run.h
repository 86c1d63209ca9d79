// SPDX-License-Identifier: Apache-2.0
// What the steps of one check share. Inside this room only.
#pragma once

#include <rocksdb/iterator.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "services/store/core/cursor.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_usage.h"
#include "services/store/rocks/check/report.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// Counts what is checked and found; keeps the first faults of each kind.
class Findings {
 public:
  Findings(CheckReport& report, std::size_t faults_max) : report_(report), max_(faults_max) {}

  void Looked(CheckKind kind) { ++Line(kind).looked_at; }
  void Fault(CheckKind kind, std::string key, std::string what);
  void Skip(CheckKind kind, std::string why) { Line(kind).skipped = std::move(why); }

 private:
  CheckLine& Line(CheckKind kind) { return report_.lines[static_cast<std::size_t>(kind)]; }

  CheckReport& report_;
  const std::size_t max_;
};

// A number for a set of rows, whatever their order: equal sets have equal sums, and others do not
// but for one case in 2^64.
struct RowSum {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  void Add(std::string_view key, std::string_view value);
  bool operator==(const RowSum&) const = default;
};

// One partition's rows above its floor, as the log has them and as the feeds have them.
struct PartitionSums {
  RowSum log_own, feed;
  RowSum log_broadcasts, broadcasts;  // by project and id
};

struct CheckRun {
  const RocksDb& db;
  Findings& findings;
  std::vector<PartitionPosition> positions = {};          // by partition
  std::vector<std::vector<LostInterval>> lost = {};       // by partition, by id
  std::vector<PartitionSums> sums = {};                   // by partition
  std::map<std::string, Usage, std::less<>> usages = {};  // by project, added up
  std::array<bool, kColumnNames.size()> unreadable = {};

  Partition partitions() const { return static_cast<Partition>(positions.size()); }
  EntryId highest_floor() const;
  EntryId lowest_floor() const;
  bool readable(Column column) const { return !unreadable[static_cast<std::size_t>(column)]; }
};

// Every row of a column, once, in order. Rows out of order and rows that cannot be read are found
// by it; after the latter the column is unreadable.
class CheckedRows {
 public:
  // `run` must outlive it.
  CheckedRows(CheckRun& run, Column column, CheckKind kind, std::string_view from = {});

  // Moves to the next row (at first: the first one); false at the end.
  bool Next();
  std::string_view key() const { return View(iterator_->key()); }
  std::string_view value() const { return View(iterator_->value()); }

 private:
  CheckRun& run_;
  const Column column_;
  const CheckKind kind_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool started_ = false;
  std::string before_;
};

// The row by that key; std::nullopt if it is not there or cannot be read, which is then a fault of
// `kind`.
std::optional<std::string> FindRow(CheckRun& run, Column column, CheckKind kind,
                                   std::string_view key);

// The entry in a row of `log`, `feed` or `bodies`, which must agree with the names in its key.
// std::nullopt: it does not, which is a fault of `kind`.
std::optional<Entry> ReadEntry(CheckRun& run, CheckKind kind, const KeyNames& names,
                               std::string_view value);

// Keys for people: `partition 3 "acme"/"alice" id 17`, or in hexadecimal.
std::string KeyText(const KeyNames& names);
std::string RawKeyText(std::string_view key);
// `project "acme"`, and ` id 17` unless it is 0.
std::string ProjectText(std::string_view project, EntryId id = 0);

// What every partition's log says of a broadcast, the same bytes for all of them.
std::string ReferenceTo(const Entry& broadcast);

// The steps. Each looks at one or two columns; the later ones use the sums of the earlier ones.
void CheckTables(CheckRun& run);
void CheckMeta(CheckRun& run);
void CheckHighWaterFile(CheckRun& run, const std::string& path);
void CheckLog(CheckRun& run);
void CheckFeedsAndUsers(CheckRun& run);
void CheckBroadcasts(CheckRun& run);
void CheckProjects(CheckRun& run);
void CheckPairs(CheckRun& run);
void CheckKeys(CheckRun& run);
void CheckState(CheckRun& run);
void CheckExpiry(CheckRun& run);
void CheckCollapse(CheckRun& run);
void CheckAudiences(CheckRun& run);
void CheckUsages(CheckRun& run);

}  // namespace belfry::store
