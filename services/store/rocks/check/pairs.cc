// SPDX-License-Identifier: Apache-2.0
// What belongs together must agree: the log with the feeds, and with the bodies that it refers to.
// The sums of the walks before show whether it does; only where they differ are rows looked up one
// by one.
#include <string>
#include <string_view>

#include "libs/common/revocation.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

std::string PartitionPrefix(Partition partition) { return LogKey(partition, 0).substr(0, 4); }

// The row that goes with the log's.
struct PairedRow {
  Column column;
  CheckKind kind;
  std::string key;
};
PairedRow PairedRowOf(const Entry& entry) {
  if (entry.user_id.empty()) {
    return {Column::kBodies, CheckKind::kBroadcasts, WithId(ProjectKey(entry.project), entry.id)};
  }
  return {Column::kFeed, CheckKind::kFeed,
          WithId(UserPrefix(entry.partition, entry.project, entry.user_id), entry.id)};
}

// Whether `row` is what goes with `value`, the row of `entry` in the log.
bool GoesWith(const Entry& entry, std::string_view value, std::string_view row) {
  if (!entry.user_id.empty()) {
    return row == value;
  }
  const auto body = wire::DecodeEntry(row);
  return body.ok() && ReferenceTo(*body) == ReferenceTo(entry);
}

KeyNames NamesOf(const Entry& entry) {
  return {entry.partition, entry.project, entry.user_id, entry.id};
}

// A walk over rows that have been walked over before, those of one partition: what was found then
// is not reported again.
class QuietRows {
 public:
  QuietRows(CheckRun& run, Column column, CheckKind kind, Partition partition)
      : quiet_(report_, 0),
        again_{.db = run.db,
               .findings = quiet_,
               .positions = run.positions,
               .lost = run.lost,
               .sums = {},
               .unreadable = {}},
        kind_(kind),
        floor_(run.positions[partition].floor),
        prefix_(column == Column::kBodies ? std::string() : PartitionPrefix(partition)),
        rows_(again_, column, kind, prefix_) {}

  // The next row above the floor whose key `parse` understands.
  template <typename Parse>
  bool Next(Parse parse) {
    while (rows_.Next() && rows_.key().starts_with(prefix_)) {
      const auto names = parse(rows_.key());
      if (names && names->id > floor_) {
        names_ = *names;
        return true;
      }
    }
    return false;
  }
  const KeyNames& names() const { return names_; }
  std::string_view value() const { return rows_.value(); }
  std::optional<Entry> entry() { return ReadEntry(again_, kind_, names_, rows_.value()); }

 private:
  CheckReport report_;
  Findings quiet_;
  CheckRun again_;
  const CheckKind kind_;
  const EntryId floor_;
  const std::string prefix_;
  CheckedRows rows_;
  KeyNames names_;
};

// Every entry of the log has its row.
void FindMissingRows(CheckRun& run, Partition partition) {
  QuietRows log(run, Column::kLog, CheckKind::kLog, partition);
  while (log.Next(ParseLogKey)) {
    const auto entry = log.entry();
    if (!entry || IsForEdges(entry->kind) ||
        (entry->kind == EntryKind::kErased && entry->user_id.empty())) {
      continue;
    }
    const PairedRow paired = PairedRowOf(*entry);
    const auto row = FindRow(run, paired.column, paired.kind, paired.key);
    if (!row) {
      run.findings.Fault(paired.kind, KeyText(NamesOf(*entry)), "is in the log and not here");
    } else if (!GoesWith(*entry, log.value(), *row)) {
      run.findings.Fault(paired.kind, KeyText(NamesOf(*entry)), "is not what the log has");
    }
  }
}

// Every row has its entry in the log.
template <typename Parse>
void FindOrphans(CheckRun& run, Column column, CheckKind kind, Parse parse, Partition partition) {
  QuietRows rows(run, column, kind, partition);
  while (rows.Next(parse)) {
    if (!FindRow(run, Column::kLog, CheckKind::kLog, LogKey(partition, rows.names().id))) {
      KeyNames names = rows.names();
      names.partition = partition;
      run.findings.Fault(kind, KeyText(names), "is here and not in the log");
    }
  }
}

}  // namespace

void CheckPairs(CheckRun& run) {
  const char* const why = "a column that it is compared with cannot be read";
  const bool log = run.readable(Column::kLog);
  const bool feed = run.readable(Column::kFeed);
  const bool broadcasts = run.readable(Column::kBodies);
  if (!log || !feed || !broadcasts) {
    run.findings.Skip(CheckKind::kFeed, why);
    run.findings.Skip(CheckKind::kBroadcasts, why);
    return;
  }
  for (Partition p = 0; p < run.partitions(); ++p) {
    const PartitionSums& sums = run.sums[p];
    if (!(sums.log_own == sums.feed) || !(sums.log_broadcasts == sums.broadcasts)) {
      FindMissingRows(run, p);
      FindOrphans(run, Column::kFeed, CheckKind::kFeed, ParseUserKey, p);
      FindOrphans(run, Column::kBodies, CheckKind::kBroadcasts, ParseBodyKey, p);
    }
  }
}

}  // namespace belfry::store
