// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/directory_lock.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {
namespace {

std::string LockPath(const std::string& database) { return database + "/LOCK"; }

// RocksDB keeps a list of the lock files that its process holds.
bool HeldByThisProcess(const rocksdb::Status& status) {
  return status.ToString().starts_with("IO error: lock hold by current process");
}

// The other process that holds a lock on `path`; std::nullopt if none does or it cannot be told.
// Not for a file that this process holds: closing it would release that lock.
std::optional<pid_t> HolderOf(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return std::nullopt;
  }
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  return held ? std::optional(lock.l_pid) : std::nullopt;
}

}  // namespace

Error OpenError(const std::string& doing, const std::string& path, const rocksdb::Status& status) {
  if (!status.IsIOError()) {
    return ToError(doing, status);
  }
  if (HeldByThisProcess(status)) {
    return {Code::kFailedPrecondition, doing + ": this process holds this data directory already",
            kHeldElsewhere};
  }
  if (const auto holder = HolderOf(LockPath(path))) {
    return {Code::kFailedPrecondition,
            doing + ": another process holds this data directory (process " +
                std::to_string(*holder) + ")",
            kHeldElsewhere};
  }
  return ToError(doing, status);
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory) {
  std::unique_ptr<DirectoryLock> taken(new DirectoryLock());
  const std::string database = directory + "/db";
  if (::access(database.c_str(), F_OK) != 0) {
    if (errno == ENOENT) {
      return taken;
    }
    return Fail(Code::kUnavailable, "lock " + directory + ": " + std::strerror(errno));
  }
  const std::string path = LockPath(database);
  if (::access(path.c_str(), W_OK) != 0 && errno == EROFS) {
    return taken;
  }
  const rocksdb::Status status = rocksdb::Env::Default()->LockFile(path, &taken->lock_);
  if (!status.ok()) {
    return Fail(OpenError("lock " + directory, database, status));
  }
  return taken;
}

DirectoryLock::~DirectoryLock() {
  if (lock_ != nullptr) {
    static_cast<void>(rocksdb::Env::Default()->UnlockFile(lock_));
  }
}

}  // namespace belfry::store
