// SPDX-License-Identifier: Apache-2.0
// What a producer asks for, from JSON: a Notification's fields in proto3's canonical mapping, and
// beside them "broadcast" and, in a batch, "idempotencyKey". Pure; any thread.
#pragma once

#include <string>

#include "services/ingest/core/item.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/rest/json_body.h"

namespace belfry::ingest {

// Members that are unknown, given twice, of the wrong type or not UTF-8 stand in the
// PublishRequest's violations, each by its name; the others are in it.
PublishRequest PublishRequestFromJson(JsonItem item, bool in_batch);

// {"id":"...","createdAt":"...","duplicate":false}
std::string AppendedJson(const Appended& appended);

}  // namespace belfry::ingest
