// SPDX-License-Identifier: Apache-2.0
// From what came over the bus to what the follower takes: the only place that checks who sent it
// and decodes it. What is refused is dropped, which leaves a hole that the store fills. Stateless;
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "libs/common/entry.h"
#include "libs/wire/announce/announce_keys.h"
#include "services/edge/core/refusals.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

struct AnnouncedEntries {
  Partition partition = 0;
  SentEntries sent;  // at least one, all of `partition`
};

// A broadcast's body, to which the partitions' entries refer.
struct AnnouncedBody {
  EntryId broadcast_id = 0;
  Payload body;
};

struct AnnouncedHead {
  Partition partition = 0;
  EntryId last_id = 0;
  std::int64_t sent_us = 0;
};

struct Announced {
  std::string history_id;  // of the log that it speaks of
  std::variant<AnnouncedEntries, AnnouncedBody, AnnouncedHead> what;
};

// Reads a message that came on `subject`, if one of `keys` has signed it for that subject.
std::variant<Announced, Refusal> ReadAnnouncement(const wire::AnnounceKeys& keys,
                                                  std::string_view subject,
                                                  std::string_view message);

}  // namespace belfry::edge
