// SPDX-License-Identifier: Apache-2.0
#include "libs/common/random.h"

#include <unistd.h>

#include <algorithm>

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

}  // namespace belfry
