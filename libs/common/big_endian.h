// SPDX-License-Identifier: Apache-2.0
// Numbers as the store's keys, records and commits hold them: unsigned, the high byte first, so
// that they sort by number. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace belfry {

// The low `size` bytes of `number`; `size`: 1 to 8.
inline void AppendNumber(std::string& bytes, std::uint64_t number, int size = 8) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(number >> shift & 0xFF));
  }
}

// Of at most eight bytes, all of them.
inline std::uint64_t ReadNumber(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

}  // namespace belfry
