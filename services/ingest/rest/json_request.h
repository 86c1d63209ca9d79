// SPDX-License-Identifier: Apache-2.0
// What a producer asks for, from JSON: a Notification's fields in proto3's canonical mapping, and
// beside them "broadcast", "excludeUserIds" and, in a batch, "idempotencyKey". Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ingest/core/item.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/rest/json_body.h"

namespace belfry::ingest {

// Members that are unknown, given twice, of the wrong type or not UTF-8 stand in the
// PublishRequest's violations, each by its name; the others are in it.
PublishRequest PublishRequestFromJson(JsonItem item, bool in_batch);

// Whom a POST /v1/notify is for, if "userId" and "broadcast" do not say so.
struct Recipients {
  std::optional<std::vector<std::string>> user_ids;  // 1 to kBatchItemsMax different ones
  std::optional<std::string> segment;                // an expression, not yet checked
};
// Takes "userIds" and "segment" out of `item`. kInvalidArgument: one is not what it should be, or
// more than one of "userId", "userIds", "segment" and "broadcast": true is there.
Result<Recipients> TakeRecipients(JsonItem* item);
// What `wanted`, which names no user, asks for one of its users.
PublishRequest ForUser(const PublishRequest& wanted, const std::string& user_id);

// {"id":"...","createdAt":"...","duplicate":false}, or {"suppressed":true,"duplicate":false}
std::string PublishResultJson(const PublishResult& appended);

}  // namespace belfry::ingest
