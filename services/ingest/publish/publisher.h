// SPDX-License-Identifier: Apache-2.0
// The way every notification takes, whichever transport it comes by: authenticate and authorize the
// caller, charge the key's rate, check the fields, take room, hand it to the appender. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/ingest/core/appender.h"
#include "services/ingest/core/in_flight.h"
#include "services/ingest/core/rate_limiter.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/publish/ingest_metrics.h"
#include "services/ingest/publish/key_ring.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {

struct DeadlineLimits {
  std::chrono::milliseconds fallback{10'000};  // for callers who name none
  std::chrono::milliseconds max{60'000};       // however long the caller would wait
};

class Publisher {
 public:
  // Everything must outlive it.
  struct Parts {
    const KeyRing& keys;
    RateLimiter& rate_limiter;
    InFlight& in_flight;
    Appender& appender;
    IngestMetrics& metrics;
    const Clock& clock;
    DeadlineLimits deadlines;
    RateLimiter* byte_rate = nullptr;  // of the key, in bytes as they are stored; null: none
    AuditSink* audit = nullptr;        // null: nobody asks
  };
  explicit Publisher(Parts parts) : parts_(parts) {}

  // KeyRing::Authenticate, counted. `trail`, which may be null, becomes the caller's; a refusal is
  // noted in it.
  Result<Caller> Authenticate(std::string_view authorization, AuditTrailPtr trail = {}) const;
  // For a call of `method` by `peer`; null: nobody asks.
  AuditTrailPtr Trail(std::string transport, std::string method, std::string peer) const;
  // The same, uncounted: a first look at a call that Authenticate will judge.
  Result<Caller> Recognize(std::string_view authorization) const {
    return parts_.keys.Authenticate(authorization);
  }
  // kPermissionDenied, reason "SCOPE_MISSING": the key must not do that.
  Status Authorize(const Caller& caller, EntryKind kind) const;
  // True once the keys have changed since `caller` was authenticated.
  bool Outdated(const Caller& caller) const {
    return caller.keys_generation != parts_.keys.generation();
  }

  SteadyTime Now() const { return parts_.clock.Now(); }
  // When a call that may take `left` (std::nullopt: the caller named no deadline) must be answered.
  SteadyTime Deadline(std::optional<Duration> left) const;

  // Takes a token of the key's rate. Called once for each notification before its bytes are parsed,
  // so that malformed ones use up their sender's rate and not our time. A batch takes its first one
  // before its items are counted, the others before each is parsed.
  // kResourceExhausted, reason "RATE_LIMITED": the bytes are left alone.
  Status Admit(const Caller& caller);
  // For a request for `count` users (not 0), after Admit, which took the first one's token: takes
  // the others', all or none. As Admit.
  Status AdmitOthers(const Caller& caller, std::size_t count);
  // A batch of `bytes` is refused as a whole, after Admit. It costs as much as a good batch of that
  // size might have, as far as there are tokens left: one for each KiB begun, at most
  // kBatchItemsMax, of which Admit took the first.
  void ChargeRefusedBatch(const Caller& caller, std::size_t bytes);

  // The key's rate as it is now; see RateLimiter.
  RateLimiter::State RateOf(const Caller& caller) const {
    return parts_.rate_limiter.Look(caller.key_id, parts_.clock.Now());
  }
  const RateLimit& rate_limit() const { return parts_.rate_limiter.limit(); }
  // Room for one request of `bytes` that is no notification. kResourceExhausted: there is none.
  Result<InFlight::Permit> TakeRoom(std::size_t bytes) {
    return parts_.in_flight.Acquire(static_cast<std::int64_t>(bytes));
  }
  // kPermissionDenied, counted: the key lacks `scope`.
  Status Lacks(const Caller& caller, std::string_view scope) const;

  // Prepare for `caller`, now; takes the bytes of the key's rate. kResourceExhausted, reason
  // "RATE_LIMITED": there are fewer.
  Result<ItemContent> Content(const Caller& caller, PublishRequest wanted,
                              const FieldNames& names) const;
  // Checks all fields of what was admitted and takes room. kResourceExhausted or kInvalidArgument:
  // nothing happens and `on_answer` is never called. Otherwise it is called once the item is handed
  // to Submit.
  Result<ItemPtr> Accept(const Caller& caller, PublishRequest wanted, const FieldNames& names,
                         SteadyTime deadline, OnAnswer on_answer);
  void Submit(const OrderedGroupPtr& group, std::vector<ItemPtr> items) {
    parts_.appender.Add(group, std::move(items));
  }
  // The caller of submitted items has gone.
  void Cancel(const std::vector<ItemPtr>& items) { parts_.appender.Cancel(items); }

  // A notification is answered with `result`, by whichever of the above. Once for each.
  template <typename T>
  void CountItem(Transport transport, const Result<T>& result) const {
    parts_.metrics.CountItem(transport, result.ok() ? Code::kOk : result.error().code);
  }
  IngestMetrics& metrics() const { return parts_.metrics; }

 private:
  // Accept, without its trail.
  Result<ItemPtr> TakeItem(const Caller& caller, PublishRequest wanted, const FieldNames& names,
                           SteadyTime deadline, OnAnswer on_answer);

  const Parts parts_;
};

}  // namespace belfry::ingest
