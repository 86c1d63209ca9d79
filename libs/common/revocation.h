// SPDX-License-Identifier: Apache-2.0
// The words of revocation: which tokens are void although they have not expired. Edges hear of it
// by entries of EntryKind::kRevoked.
#pragma once

#include <cstdint>
#include <string>

namespace belfry {

// Every token issued before `at_us` is void: the user's, or the whole project's (no user).
struct Revocation {
  std::string project = {};
  std::string user_id = {};
  std::int64_t at_us = 0;  // unix microseconds, the store's
  bool operator==(const Revocation&) const = default;
};

// The store keeps a revocation for so long; no edge accepts a token that lives longer.
inline constexpr std::int64_t kRevocationKeptSeconds = std::int64_t{400} * 24 * 3600;

// Unix seconds. A token's "iat" has whole seconds, so one of the second of the revocation itself
// may be older than it: only what says at least the next second is good.
constexpr std::int64_t TokensValidFrom(std::int64_t revoked_us) {
  return revoked_us / 1'000'000 + 1;
}

}  // namespace belfry
