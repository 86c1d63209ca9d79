// SPDX-License-Identifier: Apache-2.0
// The port to the inboxes that the store keeps.
#pragma once

#include <functional>

#include "libs/common/clock.h"
#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::ingest {

// Thread-safe. `done` is called exactly once, on any thread, and must not block.
class InboxLink {
 public:
  virtual ~InboxLink() = default;
  // The change's own error, or the call's: then it is unknown whether it was made, and a retry is
  // safe.
  virtual void Update(const StateUpdate& update, Duration timeout,
                      std::function<void(Result<StateUpdated>)> done) = 0;
  // kNotFound: `query.id` is given, and not this user's or gone.
  virtual void List(const ListQuery& query, Duration timeout,
                    std::function<void(Result<ListPage>)> done) = 0;
};

}  // namespace belfry::ingest
