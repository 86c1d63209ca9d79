// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/backups/restore.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>

#include "services/store/rocks/engine/directory_lock.h"
#include "services/store/rocks/engine/files.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/recovery/convert.h"
#include "services/store/rocks/recovery/format.h"
#include "services/store/rocks/recovery/high_water.h"
#include "services/store/rocks/recovery/losses.h"
#include "services/store/rocks/recovery/owner.h"

namespace belfry::store {
namespace {

namespace fs = std::filesystem;

// Where the new database grows until it is whole.
constexpr char kRestoring[] = "/db.restoring";
constexpr std::string_view kReplaced = "db.replaced-";

// Whether a file may lie in a directory that is restored to without being asked about.
bool IsHarmless(const std::string& name) {
  return name == "high-water" || name == "control" || name == "db.restoring" ||
         name == "lost+found" || name.starts_with(kReplaced);
}

Status CheckTarget(const RestoreOptions& options) {
  std::error_code error;
  for (fs::directory_iterator at(options.directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!IsHarmless(name) && !options.replace) {
      return Fail(Code::kFailedPrecondition, "restore to " + options.directory +
                                                 ": there is already \"" + name +
                                                 "\"; --replace moves an old database aside");
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Fail(Code::kUnavailable, "list " + options.directory + ": " + error.message());
  }
  return {};
}

Result<std::optional<HighWater>> ReadHighWater(const RestoreOptions& options) {
  const bool given = !options.high_water.empty();
  const std::string path = given ? options.high_water : options.directory + "/high-water";
  auto high_water = HighWaterFile::Read(path);
  if (!high_water.ok()) {
    return Fail(high_water.error().code, high_water.error().message +
                                             "; move it away to restore without it, and see "
                                             "docs/operations.md for what that means");
  }
  if (given && !*high_water) {
    return Fail(Code::kNotFound, "read " + path + ": there is no high water in it");
  }
  return high_water;
}

// Gives the copied database a history of its own and records what it does not know.
Status BeginNewHistory(const RestoreOptions& options, const std::optional<HighWater>& high_water,
                       const Clock& clock, const Log& log, RestoreResult& restored) {
  const auto partitions = static_cast<Partition>(restored.backup.manifest.last_ids.size());
  PartitionStates state(partitions);
  const auto db =
      RocksDb::Open(options.directory + kRestoring, {}, Recovery::kWhole, state.floors, clock, log);
  if (!db.ok()) {
    return Fail(db.error());
  }
  const auto format = ReadFormat(**db, options.directory + kRestoring);
  if (!format.ok()) {
    return Fail(format.error());
  }
  if (Status loaded = LoadPartitions(**db, state); !loaded.ok()) {
    return loaded;
  }
  if (*format) {
    if (Status converted = Convert(**db, **format, log); !converted.ok()) {
      return converted;
    }
  }
  std::vector<EntryId> reached(partitions, options.ids_above);
  for (Partition p = 0; high_water && p < partitions && p < high_water->last_ids.size(); ++p) {
    reached[p] = std::max(reached[p], high_water->last_ids[p]);
  }
  restored.history_id = MakeHistoryId();
  restored.high_water_known = high_water.has_value();
  CommitBatch batch;
  PutFormat({partitions, restored.history_id}, batch);
  batch.Put(Table::kMeta, std::string(kRestoredKey), "");
  std::vector<Partition> all(partitions);
  std::iota(all.begin(), all.end(), Partition{0});
  const std::int64_t now_us = std::max(clock.UnixMicros(), restored.backup.manifest.created_us);
  if (Status recorded = RecordLosses(**db, all, reached, now_us, state, std::move(batch));
      !recorded.ok()) {
    return recorded;
  }
  for (const auto& lost : state.lost) {
    restored.lost.push_back(lost.back());
  }
  return (*db)->FlushAll();
}

// So far has the new database come: a store that finds the old one, or none, does not start.
Status WriteHighWater(const RestoreOptions& options, const RestoreResult& restored) {
  auto file = HighWaterFile::Open(options.directory + "/high-water");
  if (!file.ok()) {
    return Fail(std::move(file.error()));
  }
  // Damaged slots are written over; their sequence numbers are not needed then.
  static_cast<void>((*file)->Load());
  HighWater high_water{{}, true};
  for (const LostInterval& lost : restored.lost) {
    high_water.last_ids.push_back(lost.to);
  }
  if (Status written = (*file)->Write(std::move(high_water)); !written.ok()) {
    return written;
  }
  return (*file)->Sync();
}

Status MoveIntoPlace(const RestoreOptions& options, RestoreResult& restored) {
  std::error_code error;
  const std::string db = options.directory + "/db";
  // What appears there only now is nobody's to move: then the second rename fails.
  if (options.replace && fs::exists(db, error)) {
    restored.moved_to =
        options.directory + "/" + std::string(kReplaced) + restored.history_id.substr(0, 8);
    fs::rename(db, restored.moved_to, error);
  }
  if (!error) {
    fs::rename(options.directory + kRestoring, db, error);
  }
  if (error) {
    return Fail(Code::kUnavailable, "move " + db + " into place: " + error.message());
  }
  return SyncDirectory(options.directory);
}

}  // namespace

Result<RestoreResult> Restore(const RestoreOptions& options, const Clock& clock, const Log& log) {
  const auto lock = DirectoryLock::Take(options.directory);
  if (!lock.ok()) {
    return Fail(lock.error());
  }
  if (Status free = CheckTarget(options); !free.ok()) {
    return Fail(std::move(free.error()));
  }
  if (Status ours = CheckOwner(options.directory); !ours.ok()) {
    return Fail(Wrap("restore", std::move(ours.error())));
  }
  const auto high_water = ReadHighWater(options);
  if (!high_water.ok()) {
    return Fail(high_water.error());
  }
  auto backups = Backups::Open(options.backups, log);
  if (!backups.ok()) {
    return Fail(backups.error());
  }
  auto backup = (*backups)->Find(options.backup_id);
  if (!backup.ok()) {
    return Fail(std::move(backup.error()));
  }
  RestoreResult restored;
  restored.backup = std::move(*backup);
  if (Status good = (*backups)->Verify(restored.backup.id); !good.ok()) {
    return Fail(std::move(good.error()));
  }
  if (Status made = MakeDirectory(options.directory); !made.ok()) {
    return Fail(std::move(made.error()));
  }
  const std::string restoring = options.directory + kRestoring;
  std::error_code ignored;
  fs::remove_all(restoring, ignored);  // of one that was broken off
  Status done = (*backups)->CopyTo(restored.backup.id, restoring);
  backups->reset();  // no file is written there from now on
  if (done.ok()) {
    done = BeginNewHistory(options, *high_water, clock, log, restored);
  }
  if (!done.ok()) {
    fs::remove_all(restoring, ignored);
    return Fail(std::move(done.error()));
  }
  if (Status written = WriteHighWater(options, restored); !written.ok()) {
    return Fail(std::move(written.error()));
  }
  if (Status moved = MoveIntoPlace(options, restored); !moved.ok()) {
    return Fail(std::move(moved.error()));
  }
  return restored;
}

}  // namespace belfry::store
