// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/event_cache.h"

#include <memory>
#include <utility>

namespace belfry::edge {
namespace {

// The same event, sharing its text, if it was received at another time.
EventPtr ReceivedAt(const EventPtr& event, SteadyTime received) {
  if (!event || event->received == received) {
    return event;
  }
  Event other = *event;
  other.received = received;
  return std::make_shared<const Event>(std::move(other));
}

// What an entry takes beside its texts: the event, the list's and the map's nodes.
constexpr std::uint64_t kOverheadBytes = 320;

}  // namespace

bool EventCache::IsOf(const Rendered& rendered, const Entry& entry) {
  return rendered.project == entry.project && rendered.user_id == entry.user_id &&
         rendered.created_us == entry.created_us;
}

EventPtr EventCache::EventOf(const Entry& entry, SteadyTime received) {
  if (entry.read_at_us != 0 || entry.archived_at_us != 0) {
    return Render(entry, received);
  }
  const auto found = by_id_.find(entry.id);
  if (found != by_id_.end()) {
    if (IsOf(*found->second, entry)) {
      by_use_.splice(by_use_.begin(), by_use_, found->second);
      // Kept as it was used last: what is replayed is copied for the first stream only.
      return found->second->event = ReceivedAt(found->second->event, received);
    }
    Erase(found->second);
  }
  EventPtr event = Render(entry, received);
  const std::uint64_t bytes = kOverheadBytes + entry.project.size() + entry.user_id.size() +
                              (event ? event->json().size() : 0);
  by_use_.push_front({entry.id, entry.project, entry.user_id, entry.created_us, event, bytes});
  by_id_[entry.id] = by_use_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    Erase(std::prev(by_use_.end()));
  }
  return event;
}

EventPtr EventCache::EventOf(const Entry& entry, const Counts& counts) const {
  metrics_.rendered.Add();
  const auto change = DecodeStateChange(entry.payload.view());
  if (!change) {
    metrics_.unrendered.Add();
    return nullptr;
  }
  return std::make_shared<const Event>(StateEvent(entry, *change, counts));
}

EventPtr EventCache::RenderState(const Entry& entry, SteadyTime received) const {
  const auto change = DecodeStateChange(entry.payload.view());
  if (!change || !change->counts) {
    metrics_.unrendered.Add();
    return nullptr;
  }
  Event event = StateEvent(entry, *change, *change->counts);
  event.received = received;
  return std::make_shared<const Event>(std::move(event));
}

EventPtr EventCache::Render(const Entry& entry, SteadyTime received) const {
  const std::optional<EventKind> kind = EventKindOf(entry.kind);
  if (!kind) {
    return nullptr;
  }
  metrics_.rendered.Add();
  if (*kind == EventKind::kState) {
    return RenderState(entry, received);
  }
  std::string json = renderer_.Json(entry);
  if (json.empty()) {
    metrics_.unrendered.Add();
    return nullptr;
  }
  Event event = EntryEvent(entry, *kind, std::move(json));
  if (entry.kind == EntryKind::kBroadcast) {
    if (auto excluded = renderer_.Excluded(entry); !excluded.empty()) {
      event.excluded = std::make_shared<const std::vector<std::string>>(std::move(excluded));
    }
  }
  event.received = received;
  return std::make_shared<const Event>(std::move(event));
}

void EventCache::Erase(ByUse::iterator at) {
  bytes_ -= at->bytes;
  by_id_.erase(at->id);
  by_use_.erase(at);
}

}  // namespace belfry::edge
