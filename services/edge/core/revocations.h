// SPDX-License-Identifier: Apache-2.0
// Which tokens are void although they have not expired: those of a user, or of a whole project,
// that were issued before a moment. Kept in memory, so that asking costs no call. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"

namespace belfry::edge {

struct RevocationOptions {
  // edge_revocations_max: users. One more, and their whole project's tokens are void instead: the
  // table never forgets a revocation that still matters.
  std::size_t users_max = 1'000'000;
  // How long a token can be good: token_lifetime_max and the leeway. An older revocation says
  // nothing, and is dropped.
  std::int64_t keep_s = std::int64_t{30} * 24 * 3600;
};

class Revocations {
 public:
  // `clock` must outlive it.
  Revocations(RevocationOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  // Tokens of the user (empty: of everybody in the project) from before `at_us` are void. Of two
  // revocations the later one holds. Unix microseconds, the store's.
  void Revoke(std::string_view project, std::string_view user_id, std::int64_t at_us);
  // Whether a token with this "iat", in unix seconds, is void.
  bool IsRevoked(std::string_view project, std::string_view user_id, std::int64_t issued_s) const;

  // Whether it has what the store knew when this edge began to follow it. Before that no token may
  // be believed.
  bool loaded() const;
  void SetLoaded();

  // Users and projects in it.
  std::size_t size() const;

 private:
  using Key = std::pair<std::string, std::string>;  // project, user
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return std::pair<std::string_view, std::string_view>(a.first, a.second) <
             std::pair<std::string_view, std::string_view>(b.first, b.second);
    }
  };

  bool Covers(std::string_view project, std::string_view user_id, std::int64_t issued_s) const
      BELFRY_REQUIRES(mutex_);
  void Set(std::string_view project, std::string_view user_id, std::int64_t at_us)
      BELFRY_REQUIRES(mutex_);
  void DropExpired(std::int64_t newest_us) BELFRY_REQUIRES(mutex_);

  const RevocationOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // A sorted map: no choice of names makes it slow.
  std::map<Key, std::int64_t, Less> at_us_ BELFRY_GUARDED_BY(mutex_);
  std::set<std::pair<std::int64_t, Key>> by_time_ BELFRY_GUARDED_BY(mutex_);  // the same
  bool loaded_ BELFRY_GUARDED_BY(mutex_) = false;
};

}  // namespace belfry::edge
