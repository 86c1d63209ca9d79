// SPDX-License-Identifier: Apache-2.0
// A directory's own state: files, format, positions, losses, high water.
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <string>

#include "services/store/core/revocation_rows.h"
#include "services/store/rocks/check/run.h"
#include "services/store/rocks/recovery/high_water.h"
#include "services/store/rocks/recovery/losses.h"

namespace belfry::store {
namespace {

// Keys of `meta` that stand alone; the others begin with a prefix.
bool IsKnown(std::string_view key) {
  return key == "format" || key == "partitions" || key == "history" || key == kClockKey ||
         key == kUpgradedKey || key == kLastOperationKey || key == kRestoredKey;
}

void TakeLost(CheckRun& run, std::string_view key, std::string_view value) {
  run.findings.Looked(CheckKind::kLost);
  const auto names = ParseLogKey(key.substr(kLostPrefix.size()));
  const auto to = DecodeNumber(value);
  if (!names || !to || names->partition >= run.partitions()) {
    run.findings.Fault(CheckKind::kLost, RawKeyText(key), "is malformed");
    return;
  }
  const auto fault = [&](const char* what) {
    run.findings.Fault(CheckKind::kLost, KeyText({.partition = names->partition, .id = names->id}),
                       what);
  };
  auto& lost = run.lost[names->partition];
  if (*to <= names->id) {
    fault("ends before it begins");
  } else if (!lost.empty() && names->id < lost.back().to) {
    fault("begins inside the interval before it");
  } else if (*to > run.positions[names->partition].last_id) {
    fault("ends behind the partition's last id");
  }
  lost.push_back({names->id, *to});
}

void TakePosition(CheckRun& run, std::string_view key, std::string_view value) {
  run.findings.Looked(CheckKind::kPositions);
  const std::string_view number = key.substr(kPositionPrefix.size());
  const auto partition =
      number.size() == 4 ? PlaceOf(std::string(number) + std::string(8, '\0')) : std::nullopt;
  if (!partition || partition->partition >= run.partitions()) {
    run.findings.Fault(CheckKind::kPositions, RawKeyText(key), "is of no partition");
    return;
  }
  const Partition p = partition->partition;
  const auto position = DecodePosition(p, value);
  if (!position || position->floor > position->last_id || position->last_id > kEntryIdMax) {
    run.findings.Fault(CheckKind::kPositions, KeyText({.partition = p}), "makes no sense");
    return;
  }
  run.positions[p] = *position;
}

}  // namespace

void CheckTables(CheckRun& run) {
  std::vector<rocksdb::LiveFileMetaData> files;
  run.db->GetLiveFilesMetaData(&files);
  rocksdb::Options options;
  options.env = run.db->GetEnv();
  for (const rocksdb::LiveFileMetaData& file : files) {
    run.findings.Looked(CheckKind::kTables);
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(file.db_path + file.name);
    if (status.ok()) {
      status = reader.VerifyChecksum();
    }
    if (!status.ok()) {
      run.findings.Fault(CheckKind::kTables, file.name.substr(1) + " of " + file.column_family_name,
                         status.ToString());
    }
  }
}

// Positions sort behind losses, and losses are judged by positions: two walks.
void CheckMeta(CheckRun& run) {
  for (CheckedRows rows(run, Column::kMeta, CheckKind::kMeta); rows.Next();) {
    if (rows.key().starts_with(kPositionPrefix)) {
      TakePosition(run, rows.key(), rows.value());
    } else if (rows.key().starts_with(kRevokedPrefix)) {
      if (!DecodeRevocation(rows.key(), rows.value())) {
        run.findings.Fault(CheckKind::kMeta, RawKeyText(rows.key()), "is malformed");
      }
    } else if (!rows.key().starts_with(kLostPrefix) && !rows.key().starts_with(kStoredPrefix) &&
               !IsKnown(rows.key())) {
      run.findings.Fault(CheckKind::kMeta, RawKeyText(rows.key()), "is not known to this version");
    }
  }
  CheckReport ignored;
  Findings quiet(ignored, 0);
  CheckRun again{.db = run.db, .findings = quiet, .positions = run.positions};
  for (CheckedRows rows(again, Column::kMeta, CheckKind::kMeta, kLostPrefix);
       rows.Next() && rows.key().starts_with(kLostPrefix);) {
    TakeLost(run, rows.key(), rows.value());
  }
}

void CheckHighWaterFile(CheckRun& run, const std::string& path) {
  const auto fault = [&](std::string key, std::string what) {
    run.findings.Fault(CheckKind::kHighWater, std::move(key), std::move(what));
  };
  const auto high_water = HighWaterFile::Read(path);
  if (!high_water.ok()) {
    fault("high-water", high_water.error().message);
    return;
  }
  if (!*high_water) {
    const bool has_entries = std::any_of(run.positions.begin(), run.positions.end(),
                                         [](const PartitionPosition& p) { return p.last_id != 0; });
    if (has_entries) {
      fault("high-water", "is missing: whether the log is whole cannot be told");
    }
    return;
  }
  const auto& last_ids = (*high_water)->last_ids;
  if (last_ids.size() != run.positions.size()) {
    fault("high-water", "is of " + std::to_string(last_ids.size()) + " partitions");
  }
  for (Partition p = 0; p < std::min(last_ids.size(), run.positions.size()); ++p) {
    run.findings.Looked(CheckKind::kHighWater);
    if (run.positions[p].last_id < last_ids[p]) {
      fault(KeyText({.partition = p}), "the log ends at " +
                                           std::to_string(run.positions[p].last_id) +
                                           " and was durable up to " + std::to_string(last_ids[p]));
    }
  }
}

}  // namespace belfry::store
