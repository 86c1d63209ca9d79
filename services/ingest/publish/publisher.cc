// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/publisher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/ingest/publish/prepare.h"

namespace belfry::ingest {

Result<Caller> Publisher::Authenticate(std::string_view authorization) const {
  auto caller = parts_.keys.Authenticate(authorization);
  if (!caller.ok()) parts_.metrics.CountAuthFailure(caller.error().reason);
  return caller;
}

Status Publisher::Authorize(const Caller& caller, EntryKind kind) const {
  const bool broadcast = kind == EntryKind::kBroadcast;
  if (broadcast ? caller.may_broadcast : caller.may_notify) return {};
  parts_.metrics.CountAuthFailure("SCOPE_MISSING");
  return Fail(Code::kPermissionDenied,
              "API key " + caller.key_id + " lacks the scope \"" +
                  (broadcast ? "broadcast" : "notify") + "\"",
              "SCOPE_MISSING");
}

SteadyTime Publisher::Deadline(std::optional<Duration> left) const {
  const Duration wait =
      left ? std::min<Duration>(*left, parts_.deadlines.max) : parts_.deadlines.fallback;
  return parts_.clock.Now() + wait;
}

Result<ItemPtr> Publisher::Accept(const Caller& caller, Ask ask, Transport transport,
                                  const FieldNames& names, SteadyTime deadline,
                                  OnAnswer on_answer) {
  auto count = [this, transport, next = std::move(on_answer)](Result<Appended> result) {
    parts_.metrics.CountItem(transport, result.ok() ? Code::kOk : result.error().code);
    next(std::move(result));
  };
  auto item = Check(caller, std::move(ask), names, deadline, std::move(count));
  if (!item.ok()) parts_.metrics.CountItem(transport, item.error().code);
  return item;
}

Result<ItemPtr> Publisher::Check(const Caller& caller, Ask ask, const FieldNames& names,
                                 SteadyTime deadline, OnAnswer on_answer) {
  const SteadyTime now = parts_.clock.Now();
  // First, so that garbage uses up its sender's rate and not our time.
  if (Status taken = parts_.rate_limiter.Take(caller.key_id, now); !taken.ok()) {
    parts_.metrics.CountRateLimited(caller.key_id);
    return Fail(std::move(taken.error()));
  }
  auto content = Prepare(std::move(ask), caller, parts_.clock.UnixMicros(), names);
  if (!content.ok()) return Fail(std::move(content.error()));
  auto permit = parts_.in_flight.Acquire(static_cast<std::int64_t>(content->bytes()));
  if (!permit.ok()) return Fail(std::move(permit.error()));
  return std::make_shared<Item>(std::move(*content), now, deadline, std::move(*permit),
                                std::move(on_answer));
}

}  // namespace belfry::ingest
