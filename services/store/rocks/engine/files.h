// SPDX-License-Identifier: Apache-2.0
// Directories and locks, durably. Inside the rooms of rocks/ only.
#pragma once

#include <string>
#include <utility>

#include "libs/common/result.h"

namespace belfry::store {

// Holds a file that one process at a time may hold. The file stays.
class FileLock {
 public:
  // Makes `path` if it is absent. kFailedPrecondition: another process holds it. kUnavailable: it
  // cannot be made.
  static Result<FileLock> Take(const std::string& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

// Makes `path` and what leads to it, for its owner only, unless it is there. kUnavailable.
Status MakeDirectory(const std::string& path);

// As MakeDirectory; and one that is there already becomes its owner's only, if that is this user.
Status MakePrivateDirectory(const std::string& path);

// Makes everything in `directory`, and its own name, durable. kUnavailable.
Status SyncTree(const std::string& directory);
// Makes the names in `directory` durable. kUnavailable.
Status SyncDirectory(const std::string& directory);

}  // namespace belfry::store
