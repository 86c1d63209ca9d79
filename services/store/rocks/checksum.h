// SPDX-License-Identifier: Apache-2.0
// The checksum of the small files that are ours: FNV-1a, 64 bit. Inside this room only.
#pragma once

#include <cstdint>
#include <string_view>

namespace belfry::store {

inline std::uint64_t Checksum(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace belfry::store
