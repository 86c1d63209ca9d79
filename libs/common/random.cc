// SPDX-License-Identifier: Apache-2.0
#include "libs/common/random.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>

#include "libs/common/check.h"

namespace belfry {

void FillRandom(std::span<unsigned char> bytes) {
  constexpr std::size_t kOnce = 256;  // getentropy takes no more, and for so few cannot fail
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kOnce);
    BELFRY_CHECK(getentropy(bytes.data(), size) == 0);
    bytes = bytes.subspan(size);
  }
}

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  FillRandom({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return bytes;
}

std::uint64_t RandomSeed() {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
  FillRandom(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace belfry
