// SPDX-License-Identifier: Apache-2.0
// The users' records that were touched last, so that an active user costs no read.
#pragma once

#include <cstddef>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "libs/common/keyed_hash.h"
#include "services/store/core/event_log.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

// Not thread-safe: the sequencer's thread.
class UsersCache {
 public:
  explicit UsersCache(std::size_t users_max) : users_max_(users_max) {}

  // A user in the cache. Pointers stay good until Trim or Erase.
  struct User {
    std::string project;
    std::string user_id;
    Partition partition = 0;
    UserRecord record = {};
    bool known = false;         // false: there is no row yet, `record` is empty
    std::uint64_t touched = 0;  // the round that changed it last
    UserRef ref() const { return {partition, project, user_id}; }
  };

  // Reads those of `users` that are not here from `tables`, all at once. The cache may outgrow its
  // bound until Trim. On an error of `tables` nothing was added.
  Status Load(std::span<const UserRef> users, Tables& tables);
  // Null if the user is not in the cache; otherwise the user becomes the last one touched.
  User* Find(std::string_view project, std::string_view user_id);
  void Erase(std::string_view project, std::string_view user_id);
  // Forgets those that were touched longest ago, down to the bound. Between rounds.
  void Trim();
  std::size_t size() const { return users_.size(); }

 private:
  using Key = std::pair<std::string_view, std::string_view>;
  User* Add(const UserRef& user);

  const std::size_t users_max_;
  std::list<User> users_;                                                // last touched first
  std::unordered_map<Key, std::list<User>::iterator, KeyedHash> index_;  // keys point into users_
};

}  // namespace belfry::store
