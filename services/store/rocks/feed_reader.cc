// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/feed_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "services/store/rocks/key_codec.h"
#include "services/store/rocks/rows.h"

namespace belfry::store {
namespace {

constexpr std::uint32_t kEntriesMax = 256;
constexpr std::uint32_t kBytesMax = 256 * 1024;
// Rows looked at for one page, those that have expired included.
constexpr std::size_t kExaminedMax = 4 * kEntriesMax;

// A user's rows and her project's broadcasts as one sequence by id. Either may be absent.
struct Feed {
  std::optional<Rows> own;
  std::optional<Rows> broadcasts;

  // The one that stands on the smaller id; nothing at the end of both.
  Rows* Next() {
    const auto a = own ? own->id() : std::nullopt;
    const auto b = broadcasts ? broadcasts->id() : std::nullopt;
    if (!a && !b) {
      return nullptr;
    }
    return !b || (a && *a < *b) ? &*own : &*broadcasts;
  }
  Status status() const {
    for (const auto* rows : {&own, &broadcasts}) {
      if (*rows) {
        if (Status status = (*rows)->status(); !status.ok()) {
          return status;
        }
      }
    }
    return {};
  }
};

// Fills `page` from `feed`, which stands after the cursor, up to `until` and the bounds.
Status FillPage(Feed& feed, EntryId until, const FeedQuery& query, std::int64_t now_us,
                FeedPage& page) {
  const std::uint32_t entries_max =
      query.entries_max == 0 ? kEntriesMax : std::min(query.entries_max, kEntriesMax);
  const std::uint32_t bytes_max =
      query.bytes_max == 0 ? kBytesMax : std::min(query.bytes_max, kBytesMax);
  const EntryId last_id = page.up_to;
  EntryId read = query.after;
  std::size_t bytes = 0;
  for (std::size_t examined = 0;; ++examined) {
    Rows* rows = feed.Next();
    if (rows == nullptr || *rows->id() > until) {
      read = until;
      break;
    }
    if (examined == kExaminedMax || page.entries.size() == entries_max ||
        (!page.entries.empty() && bytes + rows->bytes() > bytes_max)) {
      break;
    }
    auto entry = rows->entry();
    if (!entry.ok()) {
      return Fail(std::move(entry.error()));
    }
    read = entry->id;
    if (entry->expires_us == 0 || entry->expires_us > now_us) {
      bytes += rows->bytes();
      page.entries.push_back(std::move(*entry));
    }
    rows->Next();
  }
  page.up_to = read;
  page.more = read < last_id;
  return feed.status();
}

Status CheckQuery(const FeedQuery& query) {
  if (query.project.empty() || query.project.size() > kProjectBytesMax) {
    return Fail(Code::kInvalidArgument, "read feed: project must be 1 to 64 bytes");
  }
  if (query.user_id.empty() || query.user_id.size() > kUserBytesMax) {
    return Fail(Code::kInvalidArgument, "read feed: user_id must be 1 to 255 bytes");
  }
  return {};
}

// A row and its value's meaning; zeros where there is none.
template <typename Head, typename Decode>
Result<Head> GetHead(const RocksDb& db, Column column, const std::string& key,
                     const rocksdb::Snapshot* snapshot, Decode decode) {
  auto row = GetRow(db, column, key, snapshot);
  if (!row.ok()) {
    return Fail(std::move(row.error()));
  }
  if (!*row) {
    return Head{};
  }
  const std::optional<Head> head = decode(**row);
  if (!head) {
    return Fail(Code::kDataLoss, "decode a row of \"" +
                                     std::string(kColumnNames[static_cast<std::size_t>(column)]) +
                                     "\": malformed");
  }
  return *head;
}

}  // namespace

Result<std::optional<std::string>> GetRow(const RocksDb& db, Column column, std::string_view key,
                                          const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db->Get(options, db.column(column), ToSlice(key), &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return Fail(ToError("read a row", status));
  }
  return std::optional<std::string>(std::move(value));
}

Result<FeedPage> FeedReader::ReadFeed(const FeedQuery& query) const {
  if (Status good = CheckQuery(query); !good.ok()) {
    return Fail(std::move(good.error()));
  }
  while (true) {
    rocksdb::ManagedSnapshot snapshot(&db_.db());
    auto page = ReadOnce(query, snapshot.snapshot());
    // Compaction does not respect snapshots: if the floor has moved since, rows that belong to
    // this page may have been dropped before they were read.
    if (!page.ok() ||
        state_.floors[page->partition].load(std::memory_order_acquire) <= page->floor) {
      return page;
    }
  }
}

Result<FeedPage> FeedReader::ReadOnce(const FeedQuery& query,
                                      const rocksdb::Snapshot* snapshot) const {
  const auto partition =
      PartitionOf(query.project, query.user_id, static_cast<Partition>(state_.floors.size()));
  const auto position = GetHead<PartitionHead>(
      db_, Column::kMeta, PositionKey(partition), snapshot,
      [&](std::string_view bytes) { return DecodePosition(partition, bytes); });
  if (!position.ok()) {
    return Fail(position.error());
  }
  const std::string own_prefix = UserPrefix(partition, query.project, query.user_id);
  const auto own = GetHead<UserHead>(db_, Column::kHeads, own_prefix, snapshot, DecodeUserHead);
  if (!own.ok()) {
    return Fail(own.error());
  }
  const auto project = GetHead<BroadcastHead>(
      db_, Column::kHeads, UserPrefix(partition, query.project, {}), snapshot, DecodeBroadcastHead);
  if (!project.ok()) {
    return Fail(project.error());
  }

  FeedPage page;
  page.partition = partition;
  page.floor = position->floor;
  page.up_to = position->last_id;
  page.unread_up_to = position->last_id;
  page.unread_count = own->unread;
  Feed feed;
  const EntryId read_mark = std::max(own->read_up_to, position->floor);
  if (project->last_id > read_mark || project->last_id > query.after) {
    feed.broadcasts.emplace(db_, Column::kBroadcasts, ProjectPrefix(partition, query.project),
                            snapshot);
  }
  if (project->last_id > read_mark) {
    feed.broadcasts->SeekAfter(read_mark);
    if (feed.broadcasts->id()) {
      const auto oldest_unread = feed.broadcasts->entry();
      if (!oldest_unread.ok()) {
        return Fail(oldest_unread.error());
      }
      page.unread_count += project->ordinal - oldest_unread->broadcast_ordinal + 1;
    }
  }
  if (query.heads_only) {
    return page;
  }
  const auto& lost = state_.lost[partition];
  page.fault = JudgeCursor(query.after, *position, lost);
  if (page.fault != CursorFault::kNone) {
    return page;
  }
  if (feed.broadcasts) {
    feed.broadcasts->SeekAfter(query.after);
  }
  if (own->last_id > query.after) {
    feed.own.emplace(db_, Column::kFeed, own_prefix, snapshot);
    feed.own->SeekAfter(query.after);
  }
  if (Status filled = FillPage(feed, ReadableUntil(query.after, *position, lost), query,
                               clock_.ExpiryMicros(), page);
      !filled.ok()) {
    return Fail(std::move(filled.error()));
  }
  return page;
}

Result<LogPage> FeedReader::ReadLog(const LogQuery& query) const {
  if (query.partition >= state_.floors.size()) {
    return Fail(Code::kInvalidArgument,
                "read log: there is no partition " + std::to_string(query.partition));
  }
  const auto& lost = state_.lost[query.partition];
  const auto& floor = state_.floors[query.partition];
  PartitionHead head{query.partition,
                     state_.last_ids[query.partition].load(std::memory_order_acquire),
                     floor.load(std::memory_order_acquire)};
  const auto out_of_range = [&](const char* why) {
    return Fail(Code::kOutOfRange, "read log of partition " + std::to_string(query.partition) +
                                       " after " + std::to_string(query.after) + ": " + why);
  };
  LogPage page;
  page.until = query.until == 0 ? head.last_id : std::min(query.until, head.last_id);
  EntryId readable = page.until;
  if (query.after < head.floor) {
    return out_of_range("below the floor");
  }
  if (!query.across_losses) {
    if (JudgeCursor(query.after, head, lost) == CursorFault::kHistoryLost) {
      return out_of_range("inside a lost interval");
    }
    readable = std::min(readable, ReadableUntil(query.after, head, lost));
  }

  Rows rows(db_, Column::kLog, LogKey(query.partition, 0).substr(0, 4), nullptr);
  rows.SeekAfter(query.after);
  std::size_t bytes = 0;
  for (; rows.id() && *rows.id() <= readable; rows.Next()) {
    if (!page.entries.empty() &&
        (page.entries.size() >= query.entries_max || bytes + rows.bytes() > query.bytes_max)) {
      page.more = true;
      break;
    }
    bytes += rows.bytes();
    auto entry = rows.entry();
    if (!entry.ok()) {
      return Fail(std::move(entry.error()));
    }
    const bool follows = page.entries.empty() ? entry->prev <= query.after || query.across_losses
                                              : entry->prev == page.entries.back()->id;
    const bool after_loss = query.across_losses && std::any_of(lost.begin(), lost.end(),
                                                               [&](const LostInterval& interval) {
                                                                 return interval.to == entry->prev;
                                                               });
    if (!follows && !after_loss) {
      return Fail(Code::kDataLoss, "read log of partition " + std::to_string(query.partition) +
                                       ": the entry before " + std::to_string(entry->id) +
                                       " is missing");
    }
    page.entries.push_back(std::make_shared<const Entry>(std::move(*entry)));
  }
  if (Status status = rows.status(); !status.ok()) {
    return Fail(std::move(status.error()));
  }
  if (query.after < floor.load(std::memory_order_acquire)) {
    return out_of_range("below the floor");  // it has just moved, and rows may have gone
  }
  if (readable < page.until) {
    page.more = true;  // what lies behind the loss is for the next read to refuse
  }
  return page;
}

}  // namespace belfry::store
