// SPDX-License-Identifier: Apache-2.0
// From an announcement's bytes to what the follower takes. The only place that decodes them.
// Invalid ones are dropped, which leaves a hole that the store fills. Stateless; any thread.
#pragma once

#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

struct AnnouncedEntries {
  Partition partition = 0;
  SentEntries sent;  // at least one, all of `partition`
};
// kDataLoss: not such a message.
Result<AnnouncedEntries> DecodeEntries(std::string_view bytes);

// A broadcast's body, to which the partitions' entries refer.
struct AnnouncedBody {
  EntryId broadcast_id = 0;
  Payload body;
};
// kDataLoss: not such a message.
Result<AnnouncedBody> DecodeBody(std::string_view bytes);

struct AnnouncedHead {
  Partition partition = 0;
  EntryId last_id = 0;
};
// kDataLoss: not such a message.
Result<AnnouncedHead> DecodeHead(std::string_view bytes);

}  // namespace belfry::edge
