// SPDX-License-Identifier: Apache-2.0
// Reads feeds from the store. The port behind catching up.
#pragma once

#include <functional>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"

namespace belfry::edge {

class FeedSource {
 public:
  virtual ~FeedSource() = default;
  using OnPages = std::function<void(Result<std::vector<FeedPage>>)>;
  // Reads up to 64 feeds in one call; pages come in the order of queries. `done` is called exactly
  // once, on any thread. kUnavailable and kDeadlineExceeded are safe to retry.
  virtual void ReadFeeds(std::vector<FeedQuery> queries, OnPages done) = 0;
};

}  // namespace belfry::edge
