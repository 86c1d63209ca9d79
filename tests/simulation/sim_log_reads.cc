// SPDX-License-Identifier: Apache-2.0
// How a SimLog is read. The rules are the store's (core/feed_page.h).
#include <utility>

#include "services/store/core/feed_page.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/list_page.h"
#include "services/store/core/project_usage.h"
#include "tests/simulation/sim_log.h"

namespace belfry::sim {
namespace {

constexpr int kOvertakenPercent = 50;  // of the reads right after the floor has moved

}  // namespace

void SimRows::BeforeCommit(const store::CommitBatch& batch) {
  for (const PartitionPosition& position : batch.positions()) {
    const PartitionPosition& now = rows_.positions[position.partition];
    before_.erase(position.partition);
    if (position.floor > now.floor && position.last_id == now.last_id) {
      Before& before = before_[position.partition];
      before.position = now;
      for (const store::RowChange& change : batch.rows()) {
        if (change.table == store::Table::kUsers) {
          before.users[change.key] = rows_.User(change.key);
        }
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
    const auto head =
        before.users.find(store::UserPrefix(user.partition, user.project, user.user_id));
    if (head != before.users.end()) {
      moment->user = head->second;
    }
  }
  return moment;
}

Result<std::vector<std::optional<std::string>>> SimLog::Read(store::Table table,
                                                             std::span<const std::string> keys) {
  // A store that cannot read its own rows does not start: that is not played.
  if (table != store::Table::kMeta && FailsToRead()) {
    return Fail(Code::kUnavailable, "read rows: Input/output error");
  }
  return rows_.Read(table, keys);
}

Result<std::vector<store::KeyedRow>> SimLog::Scan(store::Table table, std::string_view from,
                                                  std::size_t rows_max) {
  // What a start reads: a process that cannot read it does not start.
  const bool at_start =
      table == store::Table::kOperations || from.starts_with(store::kStoredPrefix);
  if (!at_start && FailsToRead()) {
    return Fail(Code::kUnavailable, "read rows: Input/output error");
  }
  return rows_.Scan(table, from, rows_max);
}

Result<std::vector<std::optional<Entry>>> SimLog::ReadEntries(
    std::span<const store::EntryRef> entries) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "read rows: Input/output error");
  }
  return rows_.ReadEntries(entries);
}

Result<ListPage> SimLog::List(const ListQuery& query) {
  if (FailsToRead()) {
    return Fail(Code::kUnavailable, "list: Input/output error");
  }
  return store::List(reads_, query, clock_.ExpiryMicros(), [](const Entry& entry) {
    return store::PayloadFields{entry.notification_kind, {}};
  });
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
