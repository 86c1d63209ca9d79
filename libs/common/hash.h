// SPDX-License-Identifier: Apache-2.0
// FNV-1a, 64 bit: a checksum against accidents and a hash for spreading, not against attackers.
#pragma once

#include <cstdint>
#include <string_view>

namespace belfry {

inline constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;

// The hash of `bytes`, going on from `hash`, the hash of what came before them.
constexpr std::uint64_t Fnv1a(std::string_view bytes, std::uint64_t hash = kFnvOffset) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace belfry
