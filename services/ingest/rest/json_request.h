// SPDX-License-Identifier: Apache-2.0
// What a producer asks for, from JSON: a Notification's fields in proto3's canonical mapping, and
// beside them "broadcast" and, in a batch, "idempotencyKey". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "services/ingest/core/item.h"
#include "services/ingest/publish/caller.h"

namespace belfry::ingest {

// `object` is a value that CheckJson has let pass. Members that are unknown, given twice or of the
// wrong type stand in the PublishRequest's violations, each by its name; the others are in it.
PublishRequest PublishRequestFromJson(std::string_view object, bool in_batch);

// {"id":"...","createdAt":"...","duplicate":false}
std::string AppendedJson(const Appended& appended);

}  // namespace belfry::ingest
