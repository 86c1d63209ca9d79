// SPDX-License-Identifier: Apache-2.0
// A user's notifications for people: newest first, filtered, page by page, with counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "libs/common/feed.h"
#include "libs/common/result.h"
#include "services/store/core/feed_rows.h"

namespace belfry::store {

inline constexpr std::uint32_t kListEntriesMax = 100;
inline constexpr std::size_t kListBytesMax = 1u << 20;
// Entries looked at for one page, those that a filter leaves out included. A page that ends here is
// short, and says where the next one begins.
inline constexpr std::size_t kListExaminedMax = 20'000;

// What a filter asks of a notification's payload, which the core cannot read.
struct PayloadFields {
  std::string kind;
  std::string level;
};
using ReadPayload = std::function<PayloadFields(const Entry&)>;

// As FeedStore::List. `now_us` as in FeedView.
Result<ListPage> List(const FeedRows& rows, const ListQuery& query, std::int64_t now_us,
                      const ReadPayload& read_payload);

}  // namespace belfry::store
