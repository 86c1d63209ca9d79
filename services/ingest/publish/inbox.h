// SPDX-License-Identifier: Apache-2.0
// The way every request for a user's inbox takes, whichever transport it comes by: checks the key's
// scope, takes room and asks the store. Thread-safe.
#pragma once

#include <functional>

#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"
#include "services/ingest/core/inbox_link.h"
#include "services/ingest/core/retries.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

class Inbox {
 public:
  // All must outlive it, and `store` must have ended its calls before `publisher` goes.
  Inbox(Publisher& publisher, InboxLink& store, Retries& retries)
      : publisher_(publisher), store_(store), retries_(retries) {}

  // kPermissionDenied, reason "SCOPE_MISSING": the key lacks the scope "inbox".
  Status Authorize(const Caller& caller) const;
  // The same for a kRetracted, which needs the scope of its publish.
  Status AuthorizeRetract(const Caller& caller, const StateUpdate& update) const;

  // Both act on the project of `caller`, which was admitted. `done` is called exactly once, at once
  // or later on any thread. kResourceExhausted: there is no room. Otherwise as InboxLink, which is
  // asked again after kUnavailable as long as there is time: kNotFound may then be the answer to a
  // change that was made before its notification went.
  void Update(const Caller& caller, StateUpdate update, SteadyTime deadline,
              std::function<void(Result<StateUpdated>)> done);
  void List(const Caller& caller, ListQuery query, SteadyTime deadline,
            std::function<void(Result<ListPage>)> done);

  Publisher& publisher() const { return publisher_; }

 private:
  Publisher& publisher_;
  InboxLink& store_;
  Retries& retries_;
};

}  // namespace belfry::ingest
