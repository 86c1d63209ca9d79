// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/backups/backups.h"

#include <fcntl.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/common/mutex.h"
#include "services/store/rocks/backups/backup_engine.h"
#include "services/store/rocks/backups/backup_manifest.h"
#include "services/store/rocks/engine/files.h"
#include "services/store/rocks/engine/partition_states.h"
#include "services/store/rocks/recovery/format.h"
#include "services/store/rocks/recovery/losses.h"

namespace belfry::store {
namespace {

// How often a backup checks whether to stop while it copies.
constexpr std::uint64_t kStopEveryBytes = 64 * 1024;

// An open engine with what it needs.
class BackupsImpl final : public Backups {
 public:
  BackupsImpl(std::string directory, FileLock lock, Log log)
      : directory_(std::move(directory)),
        lock_(std::move(lock)),
        log_(log),
        info_log_(MakeInfoLog(std::move(log))) {}

  Status OpenEngine(rocksdb::Env* env, std::uint64_t bytes_per_second) {
    rocksdb::BackupEngineOptions options(directory_);
    options.info_log = info_log_.get();
    options.backup_rate_limit = bytes_per_second;
    options.callback_trigger_interval_size = kStopEveryBytes;
    rocksdb::BackupEngine* engine = nullptr;
    const auto status = rocksdb::BackupEngine::Open(options, env, &engine);
    if (!status.ok()) {
      return Fail(ToError("open the backups in " + directory_, status));
    }
    engine_.reset(engine);
    return {};
  }

  Result<BackupInfo> Make(const RocksDb& db, const BackupManifest& manifest,
                          const BackupOptions& options);

  std::vector<BackupInfo> List() const override;
  std::vector<std::uint32_t> Damaged() const override;
  Result<BackupInfo> Find(std::uint32_t id) const override;
  Status Verify(std::uint32_t id) const override;
  Status Delete(std::uint32_t id) override;
  Result<std::vector<std::uint32_t>> Prune(const std::string& history_id,
                                           std::size_t keep) override;
  Status CopyTo(std::uint32_t id, const std::string& db_directory) const override;

 private:
  std::string Name(std::uint32_t id) const {
    return "backup " + std::to_string(id) + " in " + directory_;
  }

  const std::string directory_;
  const FileLock lock_;
  const Log log_;
  const std::shared_ptr<rocksdb::Logger> info_log_;
  std::unique_ptr<rocksdb::BackupEngine> engine_;
};

// std::nullopt if its manifest is not ours.
std::optional<BackupInfo> FromRocks(const rocksdb::BackupInfo& info) {
  auto manifest = DecodeManifest(info.app_metadata);
  if (!manifest) {
    return std::nullopt;
  }
  return BackupInfo{info.backup_id, info.size, info.number_files, std::move(*manifest)};
}

Result<BackupInfo> BackupsImpl::Make(const RocksDb& db, const BackupManifest& manifest,
                                     const BackupOptions& options) {
  Mutex mutex;
  std::optional<Error> stopped;
  rocksdb::CreateBackupOptions create;
  create.flush_before_backup = true;
  create.decrease_background_thread_cpu_priority = true;
  create.background_thread_cpu_priority = rocksdb::CpuPriority::kLow;
  create.progress_callback = [&] {
    const MutexLock lock(mutex);
    if (!stopped && options.stop && (stopped = options.stop())) {
      engine_->StopBackup();
    }
  };
  rocksdb::BackupID id = 0;
  const auto status =
      engine_->CreateNewBackupWithMetadata(create, &db.db(), EncodeManifest(manifest), &id);
  if (!status.ok()) {
    static_cast<void>(engine_->GarbageCollect());  // or the next backup does it
    const MutexLock lock(mutex);
    return stopped ? Fail(std::move(*stopped))
                   : Fail(ToError("make a backup in " + directory_, status));
  }
  return Find(id);
}

std::vector<BackupInfo> BackupsImpl::List() const {
  std::vector<rocksdb::BackupInfo> infos;
  engine_->GetBackupInfo(&infos);
  std::vector<BackupInfo> found;
  for (const rocksdb::BackupInfo& info : infos) {
    if (auto ours = FromRocks(info)) {
      found.push_back(std::move(*ours));
    }
  }
  std::sort(found.begin(), found.end(),
            [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return found;
}

std::vector<std::uint32_t> BackupsImpl::Damaged() const {
  std::vector<rocksdb::BackupID> damaged;
  engine_->GetCorruptedBackups(&damaged);
  std::vector<rocksdb::BackupInfo> infos;
  engine_->GetBackupInfo(&infos);
  for (const rocksdb::BackupInfo& info : infos) {
    if (!FromRocks(info)) {
      damaged.push_back(info.backup_id);
    }
  }
  std::sort(damaged.begin(), damaged.end());
  return damaged;
}

Result<BackupInfo> BackupsImpl::Find(std::uint32_t id) const {
  rocksdb::BackupInfo info;
  const std::vector<std::uint32_t> damaged = id == 0 ? Damaged() : std::vector<std::uint32_t>();
  const rocksdb::Status status =
      id == 0 ? engine_->GetLatestBackupInfo(&info) : engine_->GetBackupInfo(id, &info);
  if (!damaged.empty() && (!status.ok() || damaged.back() > info.backup_id)) {
    return Fail(Code::kDataLoss, Name(damaged.back()) +
                                     ", the newest, is damaged; an older one has "
                                     "to be asked for by its id");
  }
  if (status.IsNotFound()) {
    return Fail(Code::kNotFound,
                id == 0 ? "there is no backup in " + directory_ : "there is no " + Name(id));
  }
  if (!status.ok()) {
    return Fail(ToError("look for " + Name(id), status));
  }
  auto ours = FromRocks(info);
  if (!ours) {
    return Fail(Code::kDataLoss, Name(info.backup_id) + ": its manifest cannot be read");
  }
  return std::move(*ours);
}

Status BackupsImpl::Verify(std::uint32_t id) const {
  const auto found = Find(id);
  if (!found.ok()) {
    return Fail(found.error());
  }
  if (const auto status = engine_->VerifyBackup(found->id, true); !status.ok()) {
    return Fail(Code::kDataLoss, "verify " + Name(found->id) + ": " + status.ToString());
  }
  rocksdb::BackupInfo info;
  const rocksdb::Status details = engine_->GetBackupInfo(found->id, &info, true);
  if (!details.ok()) {
    return Fail(ToError("look into " + Name(found->id), details));
  }
  const auto db = RocksDb::OpenReadOnly(info.name_for_open, info.env_for_open.get(), log_);
  if (!db.ok()) {
    return Fail(Code::kDataLoss, "open " + Name(found->id) + ": " + db.error().message);
  }
  const auto format = ReadFormat(**db, Name(found->id));
  if (!format.ok()) {
    return Fail(format.error());
  }
  const BackupManifest& manifest = found->manifest;
  if (!*format || (*format)->history_id != manifest.history_id ||
      (*format)->partitions != manifest.last_ids.size()) {
    return Fail(Code::kDataLoss, Name(found->id) + " is not of the store that its manifest names");
  }
  PartitionStates state((*format)->partitions);
  if (Status loaded = LoadPartitions(**db, state); !loaded.ok()) {
    return loaded;
  }
  for (Partition p = 0; p < manifest.last_ids.size(); ++p) {
    if (state.last_ids[p].load() < manifest.last_ids[p]) {
      return Fail(Code::kDataLoss, Name(found->id) + " ends at " +
                                       std::to_string(state.last_ids[p].load()) + " in partition " +
                                       std::to_string(p) + ", and its manifest says " +
                                       std::to_string(manifest.last_ids[p]));
    }
  }
  return {};
}

Status BackupsImpl::Delete(std::uint32_t id) {
  const auto status = engine_->DeleteBackup(id);
  if (status.IsNotFound()) {
    return Fail(Code::kNotFound, "there is no " + Name(id));
  }
  if (!status.ok()) {
    return Fail(ToError("delete " + Name(id), status));
  }
  return {};
}

Result<std::vector<std::uint32_t>> BackupsImpl::Prune(const std::string& history_id,
                                                      std::size_t keep) {
  std::vector<BackupInfo> ours = List();
  std::erase_if(ours,
                [&](const BackupInfo& info) { return info.manifest.history_id != history_id; });
  std::vector<std::uint32_t> deleted;
  for (std::size_t i = 0; i + keep < ours.size(); ++i) {
    if (Status gone = Delete(ours[i].id); !gone.ok()) {
      return Fail(std::move(gone.error()));
    }
    deleted.push_back(ours[i].id);
  }
  return deleted;
}

Status BackupsImpl::CopyTo(std::uint32_t id, const std::string& db_directory) const {
  const auto found = Find(id);
  if (!found.ok()) {
    return Fail(found.error());
  }
  const auto status = engine_->RestoreDBFromBackup(rocksdb::RestoreOptions(), found->id,
                                                   db_directory, db_directory);
  if (!status.ok()) {
    return Fail(ToError("copy " + Name(found->id) + " to " + db_directory, status));
  }
  return SyncTree(db_directory);
}

}  // namespace

Result<std::unique_ptr<Backups>> Backups::Open(const std::string& directory, Log log) {
  if (::access(directory.c_str(), F_OK) != 0) {
    return Fail(Code::kNotFound, "there are no backups in " + directory);
  }
  auto lock = FileLock::Take(directory + "/lock");
  if (!lock.ok()) {
    return Fail(std::move(lock.error()));
  }
  auto backups = std::make_unique<BackupsImpl>(directory, std::move(*lock), std::move(log));
  if (Status opened = backups->OpenEngine(rocksdb::Env::Default(), 0); !opened.ok()) {
    return Fail(std::move(opened.error()));
  }
  return std::unique_ptr<Backups>(std::move(backups));
}

Result<BackupInfo> MakeBackup(const RocksDb& db, const BackupManifest& manifest,
                              const BackupOptions& options, Log log) {
  if (Status made = MakeDirectory(options.directory); !made.ok()) {
    return Fail(std::move(made.error()));
  }
  auto lock = FileLock::Take(options.directory + "/lock");
  if (!lock.ok()) {
    return Fail(std::move(lock.error()));
  }
  BackupsImpl backups(options.directory, std::move(*lock), std::move(log));
  if (Status opened = backups.OpenEngine(db->GetEnv(), options.bytes_per_second); !opened.ok()) {
    return Fail(std::move(opened.error()));
  }
  return backups.Make(db, manifest, options);
}

}  // namespace belfry::store
