// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/publisher.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "services/ingest/publish/prepare.h"
#include "services/ingest/publish/request_bytes.h"

namespace belfry::ingest {

Result<Caller> Publisher::Authenticate(std::string_view authorization) const {
  auto caller = parts_.keys.Authenticate(authorization);
  if (!caller.ok()) {
    parts_.metrics.CountAuthFailure(caller.error().reason);
  }
  return caller;
}

Status Publisher::Authorize(const Caller& caller, EntryKind kind) const {
  const bool broadcast = kind == EntryKind::kBroadcast;
  if (broadcast ? caller.may_broadcast : caller.may_notify) {
    return {};
  }
  return Lacks(caller, broadcast ? "broadcast" : "notify");
}

Status Publisher::Lacks(const Caller& caller, std::string_view scope) const {
  parts_.metrics.CountAuthFailure("SCOPE_MISSING");
  return Fail(Code::kPermissionDenied,
              "API key " + caller.key_id + " lacks the scope \"" + std::string(scope) + "\"",
              "SCOPE_MISSING");
}

SteadyTime Publisher::Deadline(std::optional<Duration> left) const {
  const Duration wait =
      left ? std::min<Duration>(*left, parts_.deadlines.max) : parts_.deadlines.fallback;
  return parts_.clock.Now() + wait;
}

Status Publisher::Admit(const Caller& caller) {
  Status taken = parts_.rate_limiter.Take(caller.key_id, parts_.clock.Now());
  if (!taken.ok()) {
    parts_.metrics.CountRateLimited(caller.key_id);
  }
  return taken;
}

Status Publisher::AdmitOthers(const Caller& caller, std::size_t count) {
  if (count <= 1) {
    return {};
  }
  Status taken = parts_.rate_limiter.Take(caller.key_id, parts_.clock.Now(),
                                          static_cast<std::int64_t>(count - 1));
  if (!taken.ok()) {
    parts_.metrics.CountRateLimited(caller.key_id);
  }
  return taken;
}

void Publisher::ChargeRefusedBatch(const Caller& caller, std::size_t bytes) {
  const std::size_t begun = std::min(bytes / 1024 + (bytes % 1024 == 0 ? 0 : 1), kBatchItemsMax);
  if (begun > 1) {
    parts_.rate_limiter.Charge(caller.key_id, static_cast<std::int64_t>(begun - 1),
                               parts_.clock.Now());
  }
}

Result<ItemContent> Publisher::Content(const Caller& caller, PublishRequest wanted,
                                       const FieldNames& names) const {
  auto content = Prepare(std::move(wanted), caller, parts_.clock.UnixMicros(), names);
  if (!content.ok() || parts_.byte_rate == nullptr) {
    return content;
  }
  if (Status taken = parts_.byte_rate->Take(caller.key_id, parts_.clock.Now(),
                                            static_cast<std::int64_t>(content->bytes()));
      !taken.ok()) {
    parts_.metrics.CountRateLimited(caller.key_id);
    return Fail(std::move(taken.error()));
  }
  return content;
}

Result<ItemPtr> Publisher::Accept(const Caller& caller, PublishRequest wanted,
                                  const FieldNames& names, SteadyTime deadline,
                                  OnAnswer on_answer) {
  const SteadyTime now = parts_.clock.Now();
  auto content = Content(caller, std::move(wanted), names);
  if (!content.ok()) {
    return Fail(std::move(content.error()));
  }
  auto permit = parts_.in_flight.Acquire(static_cast<std::int64_t>(content->bytes()));
  if (!permit.ok()) {
    return Fail(std::move(permit.error()));
  }
  return std::make_shared<Item>(std::move(*content), now, deadline, std::move(*permit),
                                std::move(on_answer));
}

}  // namespace belfry::ingest
