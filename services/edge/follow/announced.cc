// SPDX-License-Identifier: Apache-2.0
#include "services/edge/follow/announced.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/wire/codec/log_codec.h"

namespace belfry::edge {

Result<AnnouncedEntries> DecodeEntries(std::string_view bytes) {
  Result<wire::Batch> batch = wire::DecodeBatch(bytes);
  if (!batch.ok()) {
    return Fail(std::move(batch.error()));
  }
  std::vector<EntryPtr>& entries = batch->entries;
  if (entries.empty()) {
    return Fail(Code::kDataLoss, "an announcement without entries");
  }
  const Partition partition = entries.front()->partition;
  const auto belongs = [&](const EntryPtr& entry) { return entry->partition == partition; };
  if (!std::all_of(entries.begin(), entries.end(), belongs)) {
    return Fail(Code::kDataLoss, "an announcement with entries of several partitions");
  }
  return AnnouncedEntries{partition, {std::move(entries), batch->store_time_us}};
}

Result<AnnouncedBody> DecodeBody(std::string_view bytes) {
  Result<wire::BroadcastBody> body = wire::DecodeBody(bytes);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  return AnnouncedBody{body->broadcast_id, std::move(body->payload)};
}

Result<AnnouncedHead> DecodeHead(std::string_view bytes) {
  const Result<wire::LogHead> head = wire::DecodeHead(bytes);
  if (!head.ok()) {
    return Fail(head.error());
  }
  return AnnouncedHead{head->partition, head->last_id};
}

}  // namespace belfry::edge
