// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/broadcast_bodies.h"

#include <memory>
#include <utility>

namespace belfry::edge {
namespace {

constexpr std::size_t kOverhead = 128;  // of a map's node and the shared bytes

EntryPtr WithBody(const Entry& reference, const Payload& body) {
  Entry entry = reference;
  entry.payload = body;
  return std::make_shared<const Entry>(std::move(entry));
}

}  // namespace

void BroadcastBodies::Put(EntryId broadcast_id, Payload body) {
  const std::size_t bytes = body.size() + kOverhead;
  if (!bodies_.try_emplace(broadcast_id, std::move(body)).second) {
    return;
  }
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= bodies_.begin()->second.size() + kOverhead;
    bodies_.erase(bodies_.begin());
  }
}

std::size_t BroadcastBodies::Resolve(std::vector<EntryPtr>& entries) const {
  return std::erase_if(entries, [&](EntryPtr& entry) {
    if (entry->kind != EntryKind::kBroadcast || !entry->payload.empty()) {
      return false;
    }
    const auto body = bodies_.find(entry->broadcast_id);
    if (body == bodies_.end()) {
      return true;
    }
    entry = WithBody(*entry, body->second);
    return false;
  });
}

void BroadcastBodies::Share(std::vector<EntryPtr>& entries) {
  for (EntryPtr& entry : entries) {
    if (entry->kind != EntryKind::kBroadcast || entry->payload.empty()) {
      continue;
    }
    const auto body = bodies_.find(entry->broadcast_id);
    if (body == bodies_.end()) {
      Put(entry->broadcast_id, entry->payload);
    } else if (body->second == entry->payload) {
      entry = WithBody(*entry, body->second);
    }
  }
}

}  // namespace belfry::edge
