// SPDX-License-Identifier: Apache-2.0
// Small files read whole: settings, keys, certificates. Stateless; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libs/common/result.h"

namespace belfry {

class Log;

// The content of the file at `path`. kNotFound, kPermissionDenied, kInvalidArgument (a directory,
// or more than `bytes_max`) or kUnavailable, with the path and the reason.
Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max = 1024 * 1024);

// As ReadFile, of a file with keys. kPermissionDenied also where others could read or write it: its
// owner must be this user or root, and its mode 0600 or less; its group may read it where root or
// this user owns it (0640). The message has the mode and what to do. Root may read any owner's.
// Exception: a file of root's on a file system mounted read-only (a container's secrets), which
// nobody there can change; see OthersMayRead.
Result<std::string> ReadSecretFile(const std::string& path, std::size_t bytes_max = 1024 * 1024);

// As ReadSecretFile, of a file that the command `made_by` makes, which the error of a missing one
// says.
Result<std::string> ReadKeysFile(const std::string& path, const std::string& made_by,
                                 std::size_t bytes_max = 1024 * 1024);

// Whether ReadSecretFile took `path` by that exception, which is worth a warning. False if it
// cannot be looked at.
bool OthersMayRead(const std::string& path);
// One line in `log` for each of `files` that OthersMayRead.
void WarnOfOthers(const Log& log, const std::vector<std::string>& files);

}  // namespace belfry
