// SPDX-License-Identifier: Apache-2.0
// Which resource of a user's inbox a request is for. Pure; any thread. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"

namespace belfry::ingest {

struct InboxRoute {
  enum class What {
    kList,         // GET notifications
    kOne,          // GET or DELETE notifications/{id}
    kMark,         // POST notifications/{id}/read and its like
    kBulk,         // POST notifications/bulk
    kReadAll,      // POST notifications/read-all, or read-all
    kArchiveAll,   // POST notifications/archive-all, or archive-all
    kSeen,         // POST notifications/seen, or seen
    kCounts,       // GET counts, or unread-count
    kPreferences,  // GET or PUT preferences
    kRetract,      // POST /v1/retract: of no user
  };
  What what = What::kList;
  std::string user_id = {};
  EntryId id = 0;                      // of kOne and kMark; 0: none that could be
  StateOp op = StateOp::kUnspecified;  // of kMark

  // "GET, DELETE"
  std::string_view methods() const;
};

// `target` is a request's, not yet decoded: a user's id may hold an encoded slash. std::nullopt: no
// such resource.
std::optional<InboxRoute> ParseInboxRoute(std::string_view target);

}  // namespace belfry::ingest
