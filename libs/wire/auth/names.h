// SPDX-License-Identifier: Apache-2.0
// What ids in tokens and keys may look like. Stateless; any thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "libs/common/text.h"

namespace belfry::wire {

inline constexpr std::size_t kProjectBytesMax = 64;
inline constexpr std::size_t kUserIdBytesMax = 128;
inline constexpr std::size_t kKeyIdBytesMax = 32;

// 1 to `bytes_max` of [A-Za-z0-9_-] and `also`.
inline bool IsToken(std::string_view text, std::size_t bytes_max, std::string_view also) {
  const auto allowed = [also](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || also.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), allowed);
}

inline bool IsProject(std::string_view text) { return IsToken(text, kProjectBytesMax, "."); }
inline bool IsKeyId(std::string_view text) { return IsToken(text, kKeyIdBytesMax, ""); }

// 1 to 128 bytes of UTF-8 without control characters (C0, DEL).
inline bool IsUserId(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= kUserIdBytesMax && IsUtf8(text) &&
         std::none_of(text.begin(), text.end(), control);
}

}  // namespace belfry::wire
