// SPDX-License-Identifier: Apache-2.0
// Idempotency records: each leads to the entry that it is the record of, unless that was retired. A
// record does not say in which partition its entry is, so it is looked for in each.
#include <string>
#include <utility>
#include <vector>

#include "libs/wire/codec/log_codec.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

constexpr std::size_t kBatch = 512;

struct Wanted {
  std::string project;
  std::string key;  // as in the column
  EntryId id = 0;
};

// Takes those out of `wanted` whose entry is in `partition`.
void LookIn(CheckRun& run, Partition partition, std::vector<Wanted>& wanted) {
  std::vector<std::string> keys;
  keys.reserve(wanted.size());
  for (const Wanted& record : wanted) {
    keys.push_back(LogKey(partition, record.id));
  }
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  run.db->MultiGet(rocksdb::ReadOptions(), run.db.column(Column::kLog), keys.size(), slices.data(),
                   values.data(), statuses.data());
  std::vector<Wanted> missing;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto entry =
        statuses[i].ok() ? wire::DecodeEntry(View(values[i])) : Result<Entry>(Fail(Error{}));
    if (!entry.ok() || entry->project != wanted[i].project) {
      missing.push_back(std::move(wanted[i]));
    }
  }
  wanted = std::move(missing);
}

void LookFor(CheckRun& run, std::vector<Wanted>& wanted) {
  for (Partition p = 0; p < run.partitions() && !wanted.empty(); ++p) {
    LookIn(run, p, wanted);
  }
  for (const Wanted& record : wanted) {
    // Notifications to segments have the operation's id.
    if (FindRow(run, Column::kOperations, CheckKind::kKeys, OperationKey(record.id))) {
      continue;
    }
    run.findings.Fault(CheckKind::kKeys, RawKeyText(record.key),
                       "leads to entry " + std::to_string(record.id) + ", which is nowhere");
  }
  wanted.clear();
}

}  // namespace

void CheckKeys(CheckRun& run) {
  if (!run.readable(Column::kLog)) {
    run.findings.Skip(CheckKind::kKeys, "the log cannot be read");
    return;
  }
  const EntryId retired = run.highest_floor();
  std::vector<Wanted> wanted;
  for (CheckedRows rows(run, Column::kKeys, CheckKind::kKeys); rows.Next();) {
    const auto name = ParseIdempotencyKey(rows.key());
    const auto record = DecodeIdempotencyRecord(rows.value());
    if (!name || !record || record->id == 0) {
      run.findings.Fault(CheckKind::kKeys, RawKeyText(rows.key()), "is malformed");
    } else if (record->id > retired) {
      wanted.push_back({std::string(name->project), std::string(rows.key()), record->id});
    }
    if (wanted.size() == kBatch) {
      LookFor(run, wanted);
    }
  }
  LookFor(run, wanted);
}

}  // namespace belfry::store
