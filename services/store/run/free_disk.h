// SPDX-License-Identifier: Apache-2.0
// What a file system says of its space.
#pragma once

#include <cstdint>
#include <string>

#include "libs/common/result.h"

namespace belfry::store {

// What is free for us on the file system of `directory`. kUnavailable: it cannot tell.
Result<std::uint64_t> FreeDiskBytes(const std::string& directory);
// Whether what is written to one takes from what is free for the other; false where one is not.
bool OnSameFileSystem(const std::string& a, const std::string& b);

}  // namespace belfry::store
