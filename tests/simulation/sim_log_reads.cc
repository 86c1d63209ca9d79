// SPDX-License-Identifier: Apache-2.0
// How a SimLog is read. The rules are the store's (core/feed_page.h).
#include <utility>

#include "tests/simulation/sim_log.h"

namespace belfry::sim {
namespace {

constexpr int kOvertakenPercent = 50;  // of the reads right after the floor has moved

}  // namespace

void SimRows::BeforeCommit(
    const std::vector<PartitionHead>& positions,
    const std::vector<std::pair<Rows::Name, std::optional<store::UserHead>>>& users) {
  for (const PartitionHead& position : positions) {
    const PartitionHead& now = rows_.positions[position.partition];
    before_.erase(position.partition);
    if (position.floor > now.floor && position.last_id == now.last_id) {
      Before& before = before_[position.partition];
      before.position = now;
      for (const auto& [name, head] : users) {
        before.users[name] = rows_.User(name);
      }
    }
  }
}

bool SimRows::LookBack(Partition partition) {
  look_back_ = before_.contains(partition);
  return look_back_;
}

Result<store::FeedMoment> SimRows::Look(const store::UserRef& user) const {
  auto moment = MemoryRows::Look(user);
  if (std::exchange(look_back_, false)) {
    const Before& before = before_.at(user.partition);
    moment->position = before.position;
    const auto head = before.users.find({std::string(user.project), std::string(user.user_id)});
    if (head != before.users.end()) {
      moment->user = head->second;
    }
  }
  return moment;
}

Result<std::vector<std::optional<store::UserHead>>> SimLog::ReadHeads(
    std::span<const store::UserRef> users) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read heads: Input/output error");
  }
  std::vector<std::optional<store::UserHead>> heads;
  for (const store::UserRef& user : users) {
    const auto found = rows_.users.find({std::string(user.project), std::string(user.user_id)});
    heads.push_back(found == rows_.users.end() ? std::nullopt : std::optional(found->second));
  }
  return heads;
}

Result<std::vector<store::BroadcastHead>> SimLog::ReadBroadcastHeads(std::string_view project) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read broadcast heads: Input/output error");
  }
  std::vector<store::BroadcastHead> heads;
  for (Partition p = 0; p < rows_.positions.size(); ++p) {
    const auto found = rows_.broadcasts.find({p, std::string(project)});
    heads.push_back(found == rows_.broadcasts.end() ? store::BroadcastHead{} : found->second);
  }
  return heads;
}

Result<std::vector<std::optional<store::IdempotencyRecord>>> SimLog::FindKeys(
    std::span<const store::KeyRef> keys) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "find keys: Input/output error");
  }
  std::vector<std::optional<store::IdempotencyRecord>> records;
  for (const store::KeyRef& key : keys) {
    const auto found = rows_.keys.find({std::string(key.project), std::string(key.key)});
    records.push_back(found == rows_.keys.end() ? std::nullopt : std::optional(found->second));
  }
  return records;
}

Result<FeedPage> SimLog::ReadFeed(const FeedQuery& query) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read feed: Input/output error");
  }
  const auto partition = PartitionOf(query.project, query.user_id, reads_.partitions());
  if (context_.random.Chance(kOvertakenPercent) && reads_.LookBack(partition)) {
    context_.coverage.Add(Seen::kReadOvertaken);
  }
  const std::int64_t now_us = clock_.ExpiryMicros();
  auto page = store::ReadFeed(reads_, query, now_us);
  if (page.ok() && page->fault == CursorFault::kNone) {
    CountExpired(query, *page, now_us);
  }
  return page;
}

// For the coverage: what the page left out.
void SimLog::CountExpired(const FeedQuery& query, const FeedPage& page, std::int64_t now_us) {
  const auto& log = rows_.logs[page.partition];
  for (auto row = log.upper_bound(query.after); row != log.end() && row->first <= page.up_to;
       ++row) {
    const Entry& entry = *row->second;
    const bool in_feed =
        entry.project == query.project && (entry.user_id.empty() || entry.user_id == query.user_id);
    if (in_feed && entry.expires_us != 0 && entry.expires_us <= now_us) {
      context_.coverage.Add(Seen::kExpired);
    }
  }
}

Result<store::LogPage> SimLog::ReadLog(const store::LogQuery& query) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read log: Input/output error");
  }
  return store::ReadLog(reads_, query);
}

}  // namespace belfry::sim
