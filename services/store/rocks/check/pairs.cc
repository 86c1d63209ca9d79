// SPDX-License-Identifier: Apache-2.0
// What lies twice must be the same twice: the log and the feeds, and the copies of a broadcast. The
// sums of the walks before tell whether it is; only where they differ are rows looked up one by
// one.
#include <string>

#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

std::string PartitionPrefix(Partition partition) { return LogKey(partition, 0).substr(0, 4); }

// Where the log's entry lies a second time.
struct Twin {
  Column column;
  CheckKind kind;
  std::string key;
};
Twin TwinOf(const Entry& entry) {
  if (entry.user_id.empty()) {
    return {Column::kBroadcasts, CheckKind::kBroadcasts,
            WithId(ProjectPrefix(entry.partition, entry.project), entry.id)};
  }
  return {Column::kFeed, CheckKind::kFeed,
          WithId(UserPrefix(entry.partition, entry.project, entry.user_id), entry.id)};
}

KeyNames NamesOf(const Entry& entry) {
  return {entry.partition, entry.project, entry.user_id, entry.id};
}

// A walk over one partition that has been walked over before: what was found then is not told
// again.
class SecondWalk {
 public:
  SecondWalk(CheckRun& run, Column column, CheckKind kind, Partition partition)
      : quiet_(report_, 0),
        again_{.db = run.db,
               .findings = quiet_,
               .positions = run.positions,
               .lost = run.lost,
               .sums = {},
               .unreadable = {}},
        kind_(kind),
        prefix_(PartitionPrefix(partition)),
        rows_(again_, column, kind, prefix_) {}

  // The next row above the floor whose key `parse` understands.
  template <typename Parse>
  bool Next(Parse parse) {
    while (rows_.Next() && rows_.key().starts_with(prefix_)) {
      const auto names = parse(rows_.key());
      if (names && names->id > again_.positions[names->partition].floor) {
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
  const std::string prefix_;
  RowWalk rows_;
  KeyNames names_;
};

// Every entry of the log has its row.
void FindMissingRows(CheckRun& run, Partition partition) {
  SecondWalk log(run, Column::kLog, CheckKind::kLog, partition);
  while (log.Next(ParseLogKey)) {
    const auto entry = log.entry();
    if (!entry) {
      continue;
    }
    const Twin twin = TwinOf(*entry);
    const auto row = FindRow(run, twin.column, twin.kind, twin.key);
    if (!row) {
      run.findings.Fault(twin.kind, KeyText(NamesOf(*entry)), "is in the log and not here");
    } else if (*row != log.value()) {
      run.findings.Fault(twin.kind, KeyText(NamesOf(*entry)), "is not what the log has");
    }
  }
}

// Every row has its entry in the log.
template <typename Parse>
void FindOrphans(CheckRun& run, Column column, CheckKind kind, Parse parse, Partition partition) {
  SecondWalk rows(run, column, kind, partition);
  while (rows.Next(parse)) {
    if (!FindRow(run, Column::kLog, CheckKind::kLog, LogKey(partition, rows.names().id))) {
      run.findings.Fault(kind, KeyText(rows.names()), "is here and not in the log");
    }
  }
}

// Every broadcast has its copy in every partition.
void FindMissingCopies(CheckRun& run, Partition partition) {
  const EntryId shared_above = run.highest_floor();
  SecondWalk rows(run, Column::kBroadcasts, CheckKind::kBroadcasts, partition);
  while (rows.Next(ParseBroadcastKey)) {
    if (rows.names().id <= shared_above) {
      continue;
    }
    for (Partition p = 0; p < run.partitions(); ++p) {
      KeyNames copy = rows.names();
      copy.partition = p;
      if (!FindRow(run, Column::kBroadcasts, CheckKind::kBroadcasts,
                   WithId(ProjectPrefix(p, copy.project), copy.id))) {
        run.findings.Fault(CheckKind::kBroadcasts, KeyText(copy),
                           "is in partition " + std::to_string(partition) + " and not here");
      }
    }
  }
}

}  // namespace

void CheckPairs(CheckRun& run) {
  const char* const why = "a column that it is compared with cannot be read";
  const bool log = run.readable(Column::kLog);
  const bool feed = run.readable(Column::kFeed);
  const bool broadcasts = run.readable(Column::kBroadcasts);
  if (!log || !feed || !broadcasts) {
    run.findings.Skip(CheckKind::kFeed, why);
    run.findings.Skip(CheckKind::kBroadcasts, why);
    return;
  }
  bool copies_differ = false;
  for (Partition p = 0; p < run.partitions(); ++p) {
    const PartitionSums& sums = run.sums[p];
    if (!(sums.log_own == sums.feed) || !(sums.log_broadcasts == sums.broadcasts)) {
      FindMissingRows(run, p);
      FindOrphans(run, Column::kFeed, CheckKind::kFeed, ParseUserKey, p);
      FindOrphans(run, Column::kBroadcasts, CheckKind::kBroadcasts, ParseBroadcastKey, p);
    }
    copies_differ = copies_differ || !(sums.shared_broadcasts == run.sums[0].shared_broadcasts);
  }
  for (Partition p = 0; copies_differ && p < run.partitions(); ++p) {
    FindMissingCopies(run, p);
  }
}

}  // namespace belfry::store
