// SPDX-License-Identifier: Apache-2.0
// Small files read whole: settings, keys, certificates. Stateless; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "libs/common/result.h"

namespace belfry {

// The content of the file at `path`. kNotFound, kPermissionDenied, kInvalidArgument (a directory,
// or more than `bytes_max`) or kUnavailable, with the path and the reason.
Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max = 1024 * 1024);

// As ReadFile, of a file with secrets. kPermissionDenied also where others than its owner and its
// group may read it, or others than its owner may write it; the message says which mode it has.
Result<std::string> ReadSecretFile(const std::string& path, std::size_t bytes_max = 1024 * 1024);

}  // namespace belfry
