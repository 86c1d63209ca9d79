// SPDX-License-Identifier: Apache-2.0
// The way every request for a project's audiences takes, whichever transport it comes by: checks
// the key's scope, takes room and asks the store. Thread-safe.
#pragma once

#include <functional>

#include "libs/common/audience.h"
#include "libs/common/result.h"
#include "services/ingest/core/audience_link.h"
#include "services/ingest/core/retries.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

class Audience {
 public:
  // All must outlive it, and `store` must have ended its calls before `publisher` goes.
  Audience(Publisher& publisher, AudienceLink& store, Retries& retries)
      : publisher_(publisher), store_(store), retries_(retries) {}

  // kPermissionDenied, reason "SCOPE_MISSING". A change needs the scope "audience", but
  // kNotifySegment "broadcast", kEraseUser, kRevokeTokens and kCloseStreams "inbox"; a query needs
  // "audience", but kOperation any of the three.
  Status Authorize(const Caller& caller, AudienceOp op) const;
  Status Authorize(const Caller& caller, AudienceQueryKind kind) const;

  // All act on the project of `caller`, which was admitted, and take fields that were checked; but
  // Notify checks those of `wanted`, which has a segment. `done` is called exactly once, at once or
  // later on any thread. kResourceExhausted: there is no room, or the key's rate does not allow so
  // many users. Otherwise as AudienceLink, which is asked again after kUnavailable as long as there
  // is time.
  void Update(const Caller& caller, AudienceUpdate update, SteadyTime deadline,
              std::function<void(Result<AudienceUpdated>)> done);
  void Notify(const Caller& caller, PublishRequest wanted, const FieldNames& names,
              SteadyTime deadline, std::function<void(Result<AudienceUpdated>)> done);
  void Read(const Caller& caller, AudienceQuery query, SteadyTime deadline,
            std::function<void(Result<AudiencePage>)> done);

  Publisher& publisher() const { return publisher_; }

 private:
  Publisher& publisher_;
  AudienceLink& store_;
  Retries& retries_;
};

}  // namespace belfry::ingest
