// SPDX-License-Identifier: Apache-2.0
// The reading half of SimLog: what rocks/feed_reader.cc answers, on rows in memory.
#include <algorithm>

#include "tests/simulation/sim_log.h"

namespace belfry::sim {
namespace {

std::size_t BytesOf(const Entry& entry) {
  return 60 + entry.project.size() + entry.user_id.size() + entry.payload.size();
}

bool BelongsTo(const Entry& entry, const FeedQuery& query) {
  return entry.project == query.project &&
         (entry.user_id.empty() || entry.user_id == query.user_id);
}

}  // namespace

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

std::uint64_t SimLog::Unread(const FeedQuery& query, Partition partition) {
  const auto& log = rows_.logs[partition];
  return static_cast<std::uint64_t>(std::count_if(
      log.begin(), log.end(), [&](const auto& row) { return BelongsTo(*row.second, query); }));
}

Result<FeedPage> SimLog::ReadFeed(const FeedQuery& query) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read feed: Input/output error");
  }
  const auto partition =
      PartitionOf(query.project, query.user_id, static_cast<Partition>(rows_.positions.size()));
  const PartitionHead& position = rows_.positions[partition];
  FeedPage page;
  page.partition = partition;
  page.floor = position.floor;
  page.up_to = page.unread_up_to = position.last_id;
  page.unread_count = Unread(query, partition);
  if (query.heads_only) {
    return page;
  }
  const auto& lost = rows_.lost[partition];
  page.fault = store::JudgeCursor(query.after, position, lost);
  if (page.fault != CursorFault::kNone) {
    return page;
  }
  const EntryId until = store::ReadableUntil(query.after, position, lost);
  const std::int64_t now_us = clock_.UnixMicros();
  EntryId read = query.after;
  std::size_t bytes = 0;
  const auto& log = rows_.logs[partition];
  for (auto row = log.upper_bound(query.after);; ++row) {
    if (row == log.end() || row->first > until) {
      read = until;
      break;
    }
    const Entry& entry = *row->second;
    if (!BelongsTo(entry, query)) {
      continue;
    }
    if (page.entries.size() == query.entries_max ||
        (!page.entries.empty() && bytes + BytesOf(entry) > query.bytes_max)) {
      break;
    }
    read = entry.id;
    if (entry.expires_us == 0 || entry.expires_us > now_us) {
      bytes += BytesOf(entry);
      page.entries.push_back(entry);
    } else {
      context_.coverage.Add(Seen::kExpired);
    }
  }
  page.more = read < page.up_to;
  page.up_to = read;
  return page;
}

Result<store::LogPage> SimLog::ReadLog(const store::LogQuery& query) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read log: Input/output error");
  }
  const PartitionHead& position = rows_.positions[query.partition];
  const auto& lost = rows_.lost[query.partition];
  store::LogPage page;
  page.until = query.until == 0 ? position.last_id : std::min(query.until, position.last_id);
  EntryId readable = page.until;
  if (query.after < position.floor) {
    return Fail(Code::kOutOfRange, "read log: below the floor");
  }
  if (!query.across_losses) {
    if (store::JudgeCursor(query.after, position, lost) == CursorFault::kHistoryLost) {
      return Fail(Code::kOutOfRange, "read log: inside a lost interval");
    }
    readable = std::min(readable, store::ReadableUntil(query.after, position, lost));
  }
  std::size_t bytes = 0;
  const auto& log = rows_.logs[query.partition];
  for (auto row = log.upper_bound(query.after); row != log.end() && row->first <= readable; ++row) {
    const EntryPtr& entry = row->second;
    if (!page.entries.empty() &&
        (page.entries.size() >= query.entries_max || bytes + BytesOf(*entry) > query.bytes_max)) {
      page.more = true;
      break;
    }
    const bool follows = page.entries.empty() ? entry->prev <= query.after || query.across_losses
                                              : entry->prev == page.entries.back()->id;
    const bool after_loss =
        query.across_losses && std::any_of(lost.begin(), lost.end(), [&](const auto& interval) {
          return interval.to == entry->prev;
        });
    if (!follows && !after_loss) {
      return Fail(Code::kDataLoss, "read log: the entry before one is missing");
    }
    bytes += BytesOf(*entry);
    page.entries.push_back(entry);
  }
  page.more = page.more || readable < page.until;
  return page;
}

}  // namespace belfry::sim
