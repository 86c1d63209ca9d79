// SPDX-License-Identifier: Apache-2.0
// Announcements over core NATS: one subscription for all of the store's subjects.
#pragma once

#include <memory>

#include "libs/common/log.h"
#include "libs/wire/nats/nats.h"
#include "services/edge/core/announcements.h"

namespace belfry::edge {

// Connects when it is started.
std::unique_ptr<Announcements> MakeNatsAnnouncements(wire::NatsOptions options, Log log);

}  // namespace belfry::edge
