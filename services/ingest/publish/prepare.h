// SPDX-License-Identifier: Apache-2.0
// From what a producer asks for to what the store appends. Pure; any thread.
#pragma once

#include <cstdint>

#include "libs/common/result.h"
#include "services/ingest/core/item.h"
#include "services/ingest/publish/caller.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {

// Checks every field and makes the item's content: the payload is the notification without what
// is in the log entry itself (notification.proto's id, project, user, kind and times), with its
// level filled in and without fields that this version does not know. The key is made if none was
// given.
//
// The content hash is SHA-256 over
//   "belfry content 1", the kind (1 byte), the user's length (4 bytes, little-endian), the user,
//   expires_us (8 bytes, little-endian), the field `kind` as protobuf encodes it (nothing if it is
//   empty), the payload,
// the payload serialized deterministically (maps of `meta` by key): the same request always hashes
// to the same, whichever transport it came by.
//
// With a segment or excluded users "belfry content 1" is instead
//   "belfry content 2", how many segments there are (4 bytes, little-endian), each one's length
//   (the same) and name, and so the excluded users; both sorted, each once.
//
// kInvalidArgument names every bad field as `names` call them.
Result<ItemContent> Prepare(PublishRequest wanted, const Caller& caller, std::int64_t now_unix_us,
                            const FieldNames& names);

}  // namespace belfry::ingest
