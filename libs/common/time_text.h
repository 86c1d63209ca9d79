// SPDX-License-Identifier: Apache-2.0
// Times as text: RFC 3339 in UTC. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace belfry {

// What RFC 3339 can write: the years 1 to 9999.
inline constexpr std::int64_t kUnixSecondsMin = -62'135'596'800;
inline constexpr std::int64_t kUnixSecondsMax = 253'402'300'799;

// "2026-11-21T10:00:00" and a dot with `digits` digits of the second's `nanos`, if `digits` is not
// 0, and "Z". `unix_s` lies between kUnixSecondsMin and kUnixSecondsMax, `digits` is 0 to 9.
void AppendRfc3339(std::int64_t unix_s, std::uint32_t nanos, int digits, std::string* out);

// With microseconds: "2026-11-21T10:00:00.123456Z".
std::string Rfc3339(std::int64_t unix_us);
// To the second: "2026-11-21T10:00:00Z".
std::string Rfc3339Seconds(std::int64_t unix_us);

}  // namespace belfry
