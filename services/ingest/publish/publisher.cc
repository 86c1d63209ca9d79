// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/publisher.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "services/ingest/publish/prepare.h"
#include "services/ingest/publish/request_bytes.h"

namespace belfry::ingest {

namespace {

void NoteRefusal(const Caller& caller, const Error& why) {
  if (caller.trail) {
    caller.trail->Refuse(why);
  }
}

std::string TargetOf(const PublishRequest& wanted) {
  if (wanted.segment) {
    return "segment:" + *wanted.segment;
  }
  return wanted.kind == EntryKind::kBroadcast ? "broadcast"
                                              : "user:" + wanted.notification.user_id();
}

}  // namespace

Result<Caller> Publisher::Authenticate(std::string_view authorization, AuditTrailPtr trail) const {
  auto caller = parts_.keys.Authenticate(authorization);
  if (!caller.ok()) {
    parts_.metrics.CountAuthFailure(caller.error().reason);
    if (trail) {
      trail->Refuse(caller.error());
    }
  } else if (trail) {
    trail->SetKey(caller->key_id, caller->project);
    caller->trail = std::move(trail);
  }
  return caller;
}

AuditTrailPtr Publisher::Trail(std::string transport, std::string method, std::string peer) const {
  if (parts_.audit == nullptr) {
    return nullptr;
  }
  return std::make_shared<AuditTrail>(
      *parts_.audit, AuditTrail::Head{parts_.clock.UnixMicros(), std::move(transport),
                                      std::move(method), std::move(peer)});
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
  Error why{Code::kPermissionDenied,
            "API key " + caller.key_id + " lacks the scope \"" + std::string(scope) + "\"",
            "SCOPE_MISSING"};
  NoteRefusal(caller, why);
  return Fail(std::move(why));
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
    NoteRefusal(caller, taken.error());
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
    NoteRefusal(caller, taken.error());
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
  if (caller.trail) {
    caller.trail->Target(TargetOf(wanted));
    on_answer = [trail = caller.trail, next = std::move(on_answer)](Result<PublishResult> result) {
      result.ok() ? trail->Accept(result->id) : trail->Refuse(result.error());
      next(std::move(result));
    };
  }
  auto item = TakeItem(caller, std::move(wanted), names, deadline, std::move(on_answer));
  if (!item.ok()) {
    NoteRefusal(caller, item.error());
  }
  return item;
}

Result<ItemPtr> Publisher::TakeItem(const Caller& caller, PublishRequest wanted,
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
