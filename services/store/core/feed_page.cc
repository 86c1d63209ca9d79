// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/feed_page.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/common/names.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/feed_view.h"

namespace belfry::store {
namespace {

Status CheckQuery(const FeedQuery& query) {
  if (query.project.empty() || query.project.size() > kProjectBytesMax) {
    return Fail(Code::kInvalidArgument, "read feed: project must be 1 to 64 bytes");
  }
  if (query.user_id.empty() || query.user_id.size() > kUserBytesMax) {
    return Fail(Code::kInvalidArgument, "read feed: user_id must be 1 to 255 bytes");
  }
  return {};
}

// Fills `page` from `feed`, which stands after the query's cursor, up to `until` and the bounds.
Status FillPage(FeedView& feed, EntryId until, const FeedQuery& query, FeedPage& page) {
  const std::uint32_t entries_max = query.entries_max == 0
                                        ? kFeedPageEntriesMax
                                        : std::min(query.entries_max, kFeedPageEntriesMax);
  const std::uint32_t bytes_max =
      query.bytes_max == 0 ? kFeedPageBytesMax : std::min(query.bytes_max, kFeedPageBytesMax);
  const EntryId last_id = page.up_to;
  EntryId read = query.after;
  std::size_t bytes = 0;
  for (std::size_t examined = 0;; ++examined) {
    if (!feed.id() || *feed.id() > until) {
      read = until;
      break;
    }
    const std::size_t size = feed.bytes();
    if (examined == kFeedPageExaminedMax || page.entries.size() == entries_max ||
        (!page.entries.empty() && bytes + size > bytes_max)) {
      break;
    }
    auto entry = feed.Read();
    if (!entry.ok()) {
      return Fail(std::move(entry.error()));
    }
    read = *feed.id();
    if (*entry) {
      bytes += size;
      page.entries.push_back(std::move(**entry));
    }
    feed.Next();
  }
  page.up_to = read;
  page.more = read < last_id;
  return feed.status();
}

Result<FeedPage> ReadMoment(const FeedMoment& moment, std::span<const LostInterval> lost,
                            const FeedQuery& query, std::int64_t now_us) {
  const PartitionPosition& position = moment.position;
  FeedView feed(moment, now_us);
  FeedPage page;
  page.partition = position.partition;
  page.floor = position.floor;
  page.up_to = position.last_id;
  page.counts = CountsOf(feed.user(), moment.project, position.floor, position.last_id);
  page.muted_kinds = MutedKinds(feed.user());
  page.unknown_user = IsUnknown(moment);
  if (query.heads_only) {
    return page;
  }
  page.fault = JudgeCursor(query.after, position, lost);
  if (page.fault != CursorFault::kNone) {
    return page;
  }
  feed.SeekAfter(query.after);
  if (Status filled = FillPage(feed, ReadableUntil(query.after, position, lost), query, page);
      !filled.ok()) {
    return Fail(std::move(filled.error()));
  }
  return page;
}

}  // namespace

Result<FeedPage> ReadFeed(const FeedRows& rows, const FeedQuery& query, std::int64_t now_us) {
  if (Status good = CheckQuery(query); !good.ok()) {
    return Fail(std::move(good.error()));
  }
  const Partition partition = PartitionOf(query.project, query.user_id, rows.partitions());
  while (true) {
    auto looked = rows.Look({partition, query.project, query.user_id});
    if (!looked.ok()) {
      return Fail(std::move(looked.error()));
    }
    const FeedMoment moment = VisibleTo(std::move(*looked));
    auto page = ReadMoment(moment, rows.Lost(partition), query, now_us);
    // The second look: if the floor has moved since that moment, entries that belong to this page
    // may have been dropped before they were read, or while they were.
    if (rows.HeadNow(partition).floor <= moment.position.floor ||
        Planted(PlantedFault::kFloorNotLookedAtAgain)) {
      return page;
    }
  }
}

Result<LogPage> ReadLog(const FeedRows& rows, const LogQuery& query) {
  const std::string what = "read log of partition " + std::to_string(query.partition);
  if (query.partition >= rows.partitions()) {
    return Fail(Code::kInvalidArgument, what + ": there is no such partition");
  }
  const auto out_of_range = [&](const char* why) {
    return Fail(Code::kOutOfRange, what + " after " + std::to_string(query.after) + ": " + why);
  };
  const std::span<const LostInterval> lost = rows.Lost(query.partition);
  const PartitionPosition head = rows.HeadNow(query.partition);
  if (query.after < head.floor) {
    return out_of_range("below the floor");
  }
  LogPage page;
  page.until = query.until == 0 ? head.last_id : std::min(query.until, head.last_id);
  EntryId readable = page.until;
  if (!query.across_losses) {
    if (JudgeCursor(query.after, head, lost) == CursorFault::kHistoryLost) {
      return out_of_range("inside a lost interval");
    }
    readable = std::min(readable, ReadableUntil(query.after, head, lost));
  }
  // The chain of `prev` shows whether an entry is missing; behind an accepted loss it starts anew.
  const auto follows = [&](const Entry& entry) {
    const bool after_loss = query.across_losses && std::any_of(lost.begin(), lost.end(),
                                                               [&](const LostInterval& interval) {
                                                                 return interval.to == entry.prev;
                                                               });
    if (page.entries.empty()) {
      return entry.prev <= query.after || query.across_losses;
    }
    return entry.prev == page.entries.back()->id || after_loss;
  };

  auto cursor = rows.Log(query.partition);
  if (!cursor.ok()) {
    return Fail(std::move(cursor.error()));
  }
  EntryCursor& log = **cursor;
  std::size_t bytes = 0;
  for (log.SeekAfter(query.after); log.id() && *log.id() <= readable; log.Next()) {
    if (!page.entries.empty() && page.entries.size() >= query.entries_max) {
      page.more = true;
      break;
    }
    auto entry = log.entry();
    if (!entry.ok()) {
      if (*log.id() <= rows.HeadNow(query.partition).floor) {
        return out_of_range("below the floor");  // its body may have gone already
      }
      return Fail(std::move(entry.error()));
    }
    // The row of a broadcast is small, and what is read is not.
    const std::size_t size = std::max(log.bytes(), entry->payload.size());
    if (!page.entries.empty() && bytes + size > query.bytes_max) {
      page.more = true;
      break;
    }
    bytes += size;
    if (!follows(*entry)) {
      return Fail(Code::kDataLoss,
                  what + ": the entry before " + std::to_string(entry->id) + " is missing");
    }
    page.entries.push_back(std::make_shared<const Entry>(std::move(*entry)));
  }
  if (Status status = log.status(); !status.ok()) {
    return Fail(std::move(status.error()));
  }
  if (query.after < rows.HeadNow(query.partition).floor) {
    return out_of_range("below the floor");  // it has just moved, and entries may have gone
  }
  page.more = page.more || readable < page.until;  // the next read is refused behind the loss
  return page;
}

}  // namespace belfry::store
