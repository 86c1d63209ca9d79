// SPDX-License-Identifier: Apache-2.0
// From an announcement's bytes to what the follower takes. The only place that decodes them, and
// that drops what makes no sense: what is dropped is a hole, which the store fills.
// Stateless; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::edge {

struct AnnouncedEntries {
  Partition partition = 0;
  std::vector<EntryPtr> entries;  // at least one, all of `partition`
};
// kDataLoss: not such a message.
Result<AnnouncedEntries> DecodeEntries(std::string_view bytes);

struct AnnouncedHead {
  Partition partition = 0;
  EntryId last_id = 0;
};
// kDataLoss: not such a message.
Result<AnnouncedHead> DecodeHead(std::string_view bytes);

}  // namespace belfry::edge
