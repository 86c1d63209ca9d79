// SPDX-License-Identifier: Apache-2.0
// Keeps a store from opening a data directory, without opening it; and says who does so.
#pragma once

#include <memory>
#include <string>

#include "libs/common/result.h"

namespace rocksdb {
class FileLock;
class Status;
}  // namespace rocksdb

namespace belfry::store {

// The reason where another process has the directory open.
inline constexpr char kHeldElsewhere[] = "HELD_ELSEWHERE";

// Why RocksDB could not open or lock the database in `path`. `status`: what it said, not OK.
// kFailedPrecondition with kHeldElsewhere if a process holds its lock, which the kernel is asked;
// everything else as ToError says it.
Error OpenError(const std::string& doing, const std::string& path, const rocksdb::Status& status);

class DirectoryLock {
 public:
  // Holds the lock that a store would take. Nothing is held if there is no database to open, or if
  // it lies on a file system that nobody can write to. kFailedPrecondition: a process has it open.
  // kUnavailable: the directory or its lock cannot be opened.
  static Result<std::unique_ptr<DirectoryLock>> Take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock() = default;
  rocksdb::FileLock* lock_ = nullptr;
};

}  // namespace belfry::store
