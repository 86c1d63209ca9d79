// SPDX-License-Identifier: Apache-2.0
// The address of a Unix socket in the file system. Inside this room only.
#pragma once

#include <sys/un.h>

#include <string>

#include "libs/common/result.h"

namespace belfry::wire {

// kInvalidArgument: a path that is empty, or longer than the kernel takes.
inline Result<sockaddr_un> UnixAddressOf(const std::string& path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Fail(Code::kInvalidArgument, "a socket's path must be 1 to " +
                                            std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  return address;
}

}  // namespace belfry::wire
