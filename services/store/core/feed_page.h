// SPDX-License-Identifier: Apache-2.0
// The one reading of a feed and of a log: page, floor, losses, chain and counts are decided here,
// over rows that an adapter provides (feed_rows.h); what of a feed is there for its user, in
// feed_view.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/project_record.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

// Bounds of one page of a feed, whatever the query asks for.
inline constexpr std::uint32_t kFeedPageEntriesMax = 256;
inline constexpr std::uint32_t kFeedPageBytesMax = 256 * 1024;
// Entries looked at for one page, those that have expired included.
inline constexpr std::size_t kFeedPageExaminedMax = 4 * kFeedPageEntriesMax;

// As FeedStore::ReadFeed. `now_us`: what has expired by then is left out; the store's own time
// (Clock::ExpiryMicros), not the wall clock's.
Result<FeedPage> ReadFeed(const FeedRows& rows, const FeedQuery& query, std::int64_t now_us);

// As FeedStore::ReadLog.
Result<LogPage> ReadLog(const FeedRows& rows, const LogQuery& query);

}  // namespace belfry::store
