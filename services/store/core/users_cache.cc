// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/users_cache.h"

#include <vector>

#include "libs/common/check.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

Status UsersCache::Load(std::span<const UserRef> users, Tables& tables) {
  std::vector<User*> added;
  std::vector<UserRef> absent;
  for (const UserRef& user : users) {
    if (Find(user.project, user.user_id) == nullptr) {
      added.push_back(Add(user));
      absent.push_back(added.back()->ref());
    }
  }
  if (absent.empty()) {
    return {};
  }
  const auto users_read = ReadUsers(tables, absent);
  if (!users_read.ok()) {
    for (const UserRef& user : absent) {
      Erase(user.project, user.user_id);
    }
    return Fail(Wrap("read users", users_read.error()));
  }
  BELFRY_CHECK_EQ(users_read->size(), added.size());
  for (std::size_t i = 0; i < added.size(); ++i) {
    added[i]->known = (*users_read)[i].has_value();
    added[i]->record = (*users_read)[i].value_or(UserRecord{});
  }
  return {};
}

UsersCache::User* UsersCache::Find(std::string_view project, std::string_view user_id) {
  const auto found = index_.find(Key(project, user_id));
  if (found == index_.end()) {
    return nullptr;
  }
  users_.splice(users_.begin(), users_, found->second);
  return &*found->second;
}

UsersCache::User* UsersCache::Add(const UserRef& user) {
  users_.push_front({.project = std::string(user.project),
                     .user_id = std::string(user.user_id),
                     .partition = user.partition});
  User& added = users_.front();
  index_.emplace(Key(added.project, added.user_id), users_.begin());
  return &added;
}

void UsersCache::Erase(std::string_view project, std::string_view user_id) {
  const auto found = index_.find(Key(project, user_id));
  if (found == index_.end()) {
    return;
  }
  const auto user = found->second;
  index_.erase(found);
  users_.erase(user);
}

void UsersCache::Trim() {
  while (users_.size() > users_max_) {
    const User& oldest = users_.back();
    index_.erase(Key(oldest.project, oldest.user_id));
    users_.pop_back();
  }
}

}  // namespace belfry::store
