// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/check/check.h"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/store/rocks/check/run.h"
#include "services/store/rocks/engine/directory_lock.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/recovery/format.h"

namespace belfry::store {
namespace {

void RunSteps(CheckRun& run, const std::string& high_water) {
  CheckTables(run);
  CheckMeta(run);
  CheckHighWaterFile(run, high_water);
  CheckLog(run);
  CheckBroadcasts(run);
  CheckProjects(run);
  CheckFeedsAndUsers(run);
  CheckPairs(run);
  CheckKeys(run);
  CheckState(run);
  CheckExpiry(run);
  CheckCollapse(run);
  CheckAudiences(run);
  CheckUsages(run);
}

// RocksDB cannot open the database, and may say so of another file than the damaged one. Each table
// is read by itself, those that are no longer in use included.
void FindDamagedTables(const std::string& database, Findings& findings) {
  rocksdb::Options options;
  std::vector<std::string> files;
  static_cast<void>(options.env->GetChildren(database, &files));
  for (const std::string& file : files) {
    if (!file.ends_with(".sst")) {
      continue;
    }
    findings.Looked(CheckKind::kTables);
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(database + "/" + file);
    if (status.ok()) {
      status = reader.VerifyChecksum();
    }
    if (status.ok() && reader.GetTableProperties() == nullptr) {
      status = rocksdb::Status::Corruption("its properties cannot be read");
    }
    if (!status.ok()) {
      findings.Fault(CheckKind::kTables, file, status.ToString());
    }
  }
}

}  // namespace

Result<CheckReport> CheckDirectory(const CheckOptions& options, Log log) {
  const auto lock = DirectoryLock::Take(options.directory);
  if (!lock.ok()) {
    return Fail(lock.error());
  }
  CheckReport report;
  Findings findings(report, options.faults_max_per_kind);
  const auto db = RocksDb::OpenReadOnly(options.directory + "/db", nullptr, std::move(log));
  if (!db.ok() && db.error().code == Code::kDataLoss) {
    FindDamagedTables(options.directory + "/db", findings);
    findings.Fault(CheckKind::kTables, "db", db.error().message);
    return report;
  }
  if (!db.ok()) {
    return Fail(db.error());
  }
  const auto format = ReadFormat(**db, options.directory);
  if (!format.ok()) {
    return Fail(format.error());
  }
  if (!*format) {
    return Fail(Code::kFailedPrecondition,
                "check " + options.directory + ": its database is not a store's");
  }
  if ((*format)->version != kFormat || (*db)->has_old_columns()) {
    return Fail(Code::kFailedPrecondition, "check " + options.directory +
                                               ": its storage format is older: start the store, "
                                               "which converts it");
  }
  report.history_id = (*format)->history_id;
  report.partitions = (*format)->partitions;
  CheckRun run{.db = **db, .findings = findings};
  for (Partition p = 0; p < report.partitions; ++p) {
    run.positions.push_back({.partition = p});
  }
  run.lost.resize(report.partitions);
  run.sums.resize(report.partitions);
  RunSteps(run, options.directory + "/high-water");
  return report;
}

}  // namespace belfry::store
