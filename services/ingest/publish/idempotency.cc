// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/idempotency.h"

#include <array>
#include <cstddef>

#include "libs/common/random.h"

namespace belfry::ingest {

std::string MakeIdempotencyKey() {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, 16> bits{};
  FillRandom(bits);
  std::string key(2 * bits.size(), '0');
  for (std::size_t i = 0; i < bits.size(); ++i) {
    key[2 * i] = kHex[bits[i] >> 4];
    key[2 * i + 1] = kHex[bits[i] & 15];
  }
  return key;
}

}  // namespace belfry::ingest
