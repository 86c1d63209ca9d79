// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/owner.h"

#include <sys/stat.h>
#include <unistd.h>

namespace belfry::store {

Status CheckOwner(const std::string& directory) {
  // The owner of what a store has made counts: the directory itself may be a mount.
  for (const std::string& path : {directory + "/db", directory + "/high-water", directory}) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
      continue;
    }
    if (found.st_uid == ::geteuid()) {
      return {};
    }
    return Fail(Code::kPermissionDenied,
                path + " belongs to user " + std::to_string(found.st_uid) + ", and this is user " +
                    std::to_string(::geteuid()) +
                    ": the store could not open what is written here; run it as that user, or give "
                    "everything to this one (chown -R " +
                    std::to_string(::geteuid()) + " " + directory + ")");
  }
  return {};
}

}  // namespace belfry::store
