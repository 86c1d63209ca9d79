// SPDX-License-Identifier: Apache-2.0
// Announcements over core NATS: encoded and signed, one subject per partition.
#pragma once

#include <memory>
#include <string>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/nats/nats.h"
#include "services/store/core/bus.h"

namespace belfry::store {

// Connects in the background; an absent server is a bus that is not connected. Announcements are
// signed with the first of `keys`, as of the log `history_id`. kInvalidArgument: a malformed URL,
// an unreadable TLS file.
Result<std::unique_ptr<Bus>> StartNatsBus(wire::NatsOptions options,
                                          std::shared_ptr<const wire::AnnounceKeys> keys,
                                          std::string history_id, Log log);

}  // namespace belfry::store
