// SPDX-License-Identifier: Apache-2.0
// A history's publishes, found by tag and by feed. The publishes must outlive it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/checker/history.h"

namespace belfry::test {

class PublishIndex {
 public:
  explicit PublishIndex(const std::vector<Publish>& publishes);

  // Null if nobody published it.
  const Publish* ByTag(const std::string& tag) const;

  struct Acknowledged {
    EntryId id;
    const Publish* publish;
  };
  // The acknowledged publishes that this user receives, broadcasts included, by id.
  std::vector<Acknowledged> OfFeed(const std::string& project, const std::string& user_id) const;

 private:
  std::unordered_map<std::string, const Publish*> by_tag_;
  // (project, user), the user empty for broadcasts.
  std::map<std::pair<std::string, std::string>, std::vector<Acknowledged>> by_feed_;
};

// The publishes as it turned out: one of unknown outcome whose entry (a broadcast's: whose first
// copy) is in `stored` counts as acknowledged with that id.
std::vector<Publish> AsCommitted(std::vector<Publish> publishes,
                                 const std::vector<StoredLog>& stored);

}  // namespace belfry::test
