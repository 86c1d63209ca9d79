// SPDX-License-Identifier: Apache-2.0
// Keeps a store from opening a data directory, without opening it.
#pragma once

#include <memory>
#include <string>

#include "libs/common/result.h"

namespace rocksdb {
class FileLock;
}

namespace belfry::store {

// The reason where another process has the directory open.
inline constexpr char kHeldElsewhere[] = "HELD_ELSEWHERE";

class DirectoryLock {
 public:
  // Holds the lock that a store would take; nothing is held if there is no database to open, or if
  // it lies on a file system that nobody can write to. kFailedPrecondition: a process has it open.
  static Result<std::unique_ptr<DirectoryLock>> Take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock() = default;
  rocksdb::FileLock* lock_ = nullptr;
};

}  // namespace belfry::store
