// SPDX-License-Identifier: Apache-2.0
// Notifications as JSON in proto3's canonical mapping: camelCase, ids as strings, RFC 3339 times,
// unset fields left out. Stateless; any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::v1 {
class Notification;
}

namespace belfry::wire {

// The Notification that `entry` (a notification or a broadcast) holds: its payload with id,
// project, userId, createdAt, expiresAt and broadcastId from the entry. One line of UTF-8, without
// CR, LF or NUL. As JSON equal to protobuf's own MessageToJsonString on the same
// message (a test compares), eight times as fast; meta's names are sorted, so that all write the
// same bytes. kDataLoss: the payload is no Notification, or a time lies outside the years 1 to
// 9999.
Result<std::string> NotificationJson(const Entry& entry);

// Reads canonical JSON (names in camelCase or snake_case) strictly. kInvalidArgument has a
// violation for every wrong field, by its name as sent: unknown, of the wrong type,
// repeated, a whole number in meta that would lose digits; or the message says at which byte the
// JSON is malformed or not UTF-8. null is unset.
Status ParseNotificationJson(std::string_view json, v1::Notification* notification);
// The same of JSON that has been read, whose text need not be UTF-8: then that is the field's
// violation.
Status ParseNotificationJson(const boost::json::object& json, v1::Notification* notification);

}  // namespace belfry::wire
