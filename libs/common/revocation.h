// SPDX-License-Identifier: Apache-2.0
// The words of revocation: which tokens are void although they have not expired, and the entries
// by which edges hear of it.
#pragma once

#include <cstdint>
#include <string>

#include "libs/common/entry.h"

namespace belfry {

// Entries that only edges read: in the log, and in no feed. Of a user, or without one, in each
// partition, of a whole project. Numbers as in belfry.v1.EntryKind.
inline constexpr EntryKind kRevokedEntry{5};  // tokens issued before created_us are void
inline constexpr EntryKind kKickedEntry{6};   // streams end, tokens stay good
constexpr bool IsForEdges(EntryKind kind) { return kind == kRevokedEntry || kind == kKickedEntry; }

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
