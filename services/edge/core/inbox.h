// SPDX-License-Identifier: Apache-2.0
// What users have: lists of it and changes to it, at the store. The port behind the browser API.
#pragma once

#include <functional>

#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::edge {

// Each `done` is called exactly once, on any thread, and must not block.
class Inbox {
 public:
  virtual ~Inbox() = default;
  using OnList = std::function<void(Result<ListPage>)>;
  // kNotFound: `query.id` is not this user's, or gone. kUnavailable: the store cannot be reached.
  virtual void List(ListQuery query, OnList done) = 0;
  using OnUpdated = std::function<void(Result<StateUpdated>)>;
  // Answers once the change is on disk. Idempotent. kInvalidArgument, kNotFound,
  // kFailedPrecondition, kResourceExhausted: nothing was changed. Others: unknown, a retry is safe.
  virtual void Update(StateUpdate update, OnUpdated done) = 0;
};

}  // namespace belfry::edge
