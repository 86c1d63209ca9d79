// SPDX-License-Identifier: Apache-2.0
// Which names users, projects, API keys and idempotency keys may have. One rule for each, used
// wherever a name is read from outside. Stateless; any thread.
#pragma once

#include <string_view>

namespace belfry {

inline constexpr std::size_t kUserIdBytesMax = 128;
inline constexpr std::size_t kProjectBytesMax = 64;
inline constexpr std::size_t kKeyIdBytesMax = 32;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 128;

// 1 to 128 bytes of UTF-8 without control characters (C0, DEL, C1).
bool IsUserId(std::string_view text);
// 1 to 64 of [A-Za-z0-9_.-].
bool IsProject(std::string_view text);
// 1 to 32 of [A-Za-z0-9_-].
bool IsKeyId(std::string_view text);
// 1 to 128 bytes of printable ASCII.
bool IsIdempotencyKey(std::string_view text);

}  // namespace belfry
