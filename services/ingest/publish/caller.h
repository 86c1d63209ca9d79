// SPDX-License-Identifier: Apache-2.0
// Who calls and what for, once the API key has proved it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/ingest/publish/audit.h"

namespace belfry::ingest {

struct Caller {
  std::string key_id;
  std::string project;
  bool may_notify = false;
  bool may_broadcast = false;
  std::uint64_t keys_generation = 0;  // of the KeyRing that said so
  bool may_inbox = false;
  bool may_audience = false;
  AuditTrailPtr trail = {};  // of this call; null: nobody asks
};

// One notification that a producer asks for, as parsed and not yet checked.
struct PublishRequest {
  EntryKind kind = EntryKind::kNotification;  // or kBroadcast
  v1::Notification notification;
  std::optional<std::string> idempotency_key;  // std::nullopt: none was given
  // Whose members get it, instead of one user: an expression. Only with kNotification.
  std::optional<std::string> segment = {};
  // Who do not get it. Only of a broadcast or with `segment`.
  std::vector<std::string> exclude_user_ids = {};
  // What parsing found wrong already; it comes before what the checks find.
  std::vector<FieldViolation> violations = {};
};

}  // namespace belfry::ingest
