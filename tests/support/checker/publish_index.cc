// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/publish_index.h"

#include <algorithm>

namespace belfry::test {

PublishIndex::PublishIndex(const std::vector<Publish>& publishes) {
  for (const Publish& publish : publishes) {
    by_tag_.emplace(publish.tag, &publish);
    if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) {
      continue;
    }
    by_feed_[{publish.project, publish.user_id}].push_back({publish.ids.front(), &publish});
  }
}

const Publish* PublishIndex::ByTag(const std::string& tag) const {
  const auto found = by_tag_.find(tag);
  return found == by_tag_.end() ? nullptr : found->second;
}

std::vector<PublishIndex::Acknowledged> PublishIndex::OfFeed(const std::string& project,
                                                             const std::string& user_id) const {
  std::vector<Acknowledged> result;
  for (const std::string& user : {user_id, std::string()}) {
    const auto found = by_feed_.find({project, user});
    if (found != by_feed_.end()) {
      result.insert(result.end(), found->second.begin(), found->second.end());
    }
  }
  std::sort(result.begin(), result.end(),
            [](const Acknowledged& a, const Acknowledged& b) { return a.id < b.id; });
  return result;
}

std::vector<Publish> AsCommitted(std::vector<Publish> publishes,
                                 const std::vector<StoredLog>& stored) {
  std::unordered_map<std::string, EntryId> ids;
  for (const StoredLog& log : stored) {
    for (const Stored& entry : log.entries) {
      ids.emplace(entry.tag, entry.id);
    }
  }
  for (Publish& publish : publishes) {
    const auto found = ids.find(publish.tag);
    if (publish.outcome != Publish::Outcome::kUnknown || found == ids.end()) {
      continue;
    }
    publish.outcome = Publish::Outcome::kAcknowledged;
    publish.ids = {found->second};
  }
  return publishes;
}

}  // namespace belfry::test
