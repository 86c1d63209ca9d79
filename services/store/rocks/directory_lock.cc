// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/directory_lock.h"

#include <rocksdb/env.h>
#include <unistd.h>

#include <cerrno>

namespace belfry::store {

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory) {
  std::unique_ptr<DirectoryLock> taken(new DirectoryLock());
  const std::string path = directory + "/db/LOCK";
  const bool absent = ::access((directory + "/db").c_str(), F_OK) != 0;
  if (absent || (::access(path.c_str(), W_OK) != 0 && errno == EROFS)) {
    return taken;
  }
  const rocksdb::Status status = rocksdb::Env::Default()->LockFile(path, &taken->lock_);
  if (!status.ok()) {
    return Fail(Code::kFailedPrecondition,
                "lock " + directory + ": a process has it open, or it may not be written (" +
                    status.ToString() + ")");
  }
  return taken;
}

DirectoryLock::~DirectoryLock() {
  if (lock_ != nullptr) {
    static_cast<void>(rocksdb::Env::Default()->UnlockFile(lock_));
  }
}

}  // namespace belfry::store
