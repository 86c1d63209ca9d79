// SPDX-License-Identifier: Apache-2.0
// What --version says: of which release and commit a program is, and which formats it speaks. Any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace belfry {

// The major version of proto/belfry/v1 and of the paths /v1/: what clients may rely on.
inline constexpr int kProtocolVersion = 1;

// "belfry-edge 0.2.0 (commit 9ade2f7c1b2d, protocol v1)"; with a `storage_format` it is named too.
std::string VersionText(std::string_view program, std::uint64_t storage_format = 0);

}  // namespace belfry
