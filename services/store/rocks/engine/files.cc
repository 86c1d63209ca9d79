// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace belfry::store {
namespace {

Error Unavailable(const std::string& doing, const std::string& path, int error) {
  return {Code::kUnavailable, doing + " " + path + ": " + std::strerror(error)};
}

Status Sync(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) {
    return Fail(Unavailable("open", path, errno));
  }
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) {
    return Fail(Unavailable("sync", path, error));
  }
  return {};
}

}  // namespace

Result<FileLock> FileLock::Take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Fail(Unavailable("open", path, errno));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    if (error == EWOULDBLOCK) {
      return Fail(Code::kFailedPrecondition, "lock " + path + ": another process is at it");
    }
    return Fail(Unavailable("lock", path, error));
  }
  return FileLock(fd);
}

FileLock::~FileLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Status MakeDirectory(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) {
    std::filesystem::create_directories(parent, error);
  }
  if (error) {
    return Fail(Code::kUnavailable, "make " + parent.string() + ": " + error.message());
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Fail(Unavailable("make", path, errno));
  }
  return {};
}

Status MakePrivateDirectory(const std::string& path) {
  if (Status made = MakeDirectory(path); !made.ok()) {
    return made;
  }
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return Fail(Unavailable("look at", path, errno));
  }
  const bool others = (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (others && found.st_uid == ::geteuid() && ::chmod(path.c_str(), S_IRWXU) != 0) {
    return Fail(Unavailable("make private", path, errno));
  }
  return {};
}

Status SyncTree(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const int flags = at->is_directory() ? O_DIRECTORY : 0;
    if (Status synced = Sync(at->path().string(), flags); !synced.ok()) {
      return synced;
    }
  }
  if (error) {
    return Fail(Code::kUnavailable, "list " + directory + ": " + error.message());
  }
  if (Status synced = SyncDirectory(directory); !synced.ok()) {
    return synced;
  }
  return SyncDirectory(std::filesystem::path(directory).parent_path().string());
}

Status SyncDirectory(const std::string& directory) {
  return Sync(directory.empty() ? "." : directory, O_DIRECTORY);
}

}  // namespace belfry::store
