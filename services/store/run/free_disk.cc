// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/free_disk.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace belfry::store {

Result<std::uint64_t> FreeDiskBytes(const std::string& directory) {
  struct statvfs stats {};
  if (::statvfs(directory.c_str(), &stats) != 0) {
    return Fail(Code::kUnavailable, "statvfs " + directory + ": " + std::strerror(errno));
  }
  return std::uint64_t{stats.f_bavail} * stats.f_frsize;
}

bool OnSameFileSystem(const std::string& a, const std::string& b) {
  struct stat of_a {};
  struct stat of_b {};
  return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 &&
         of_a.st_dev == of_b.st_dev;
}

}  // namespace belfry::store
