// SPDX-License-Identifier: Apache-2.0
// Announcements over core NATS: encoded, one subject per partition.
#pragma once

#include <memory>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "libs/wire/nats/nats.h"
#include "services/store/core/bus.h"

namespace belfry::store {

// Connects in the background; an absent server is a bus that is not connected. kInvalidArgument: a
// malformed URL, an unreadable TLS file.
Result<std::unique_ptr<Bus>> StartNatsBus(wire::NatsOptions options, Log log);

}  // namespace belfry::store
