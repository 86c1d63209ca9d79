// SPDX-License-Identifier: Apache-2.0
// One core's rendered entries, the most recently used ones: an entry becomes JSON once per core,
// whether it is delivered live or read again by thousands of streams that reconnect.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "services/edge/core/event.h"
#include "services/edge/core/stream_metrics.h"

namespace belfry::edge {

class EventCache {
 public:
  // Holds up to about `bytes_max`. The references must outlive it.
  EventCache(const Renderer& renderer, const StreamMetrics& metrics, std::uint64_t bytes_max)
      : renderer_(renderer), metrics_(metrics), bytes_max_(bytes_max) {}
  EventCache(const EventCache&) = delete;
  EventCache& operator=(const EventCache&) = delete;

  // The event of `entry`, received at `received`, or the epoch if it is read from the store; null
  // if it cannot be delivered, which is remembered too. An entry as one user has it (read,
  // archived) is rendered for that user alone.
  EventPtr EventOf(const Entry& entry, SteadyTime received = {});
  // The event of an entry of a whole project that says that a broadcast is gone, with one user's
  // counts.
  EventPtr EventOf(const Entry& entry, const Counts& counts) const;

  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Rendered {
    EntryId id;
    // Whose entry it is. An id alone does not say so in every store: those of format 1 gave the
    // same ids to entries of several partitions.
    std::string project;
    std::string user_id;
    std::int64_t created_us;
    EventPtr event;
    std::uint64_t bytes;
  };
  using ByUse = std::list<Rendered>;  // the most recently used one first

  static bool IsOf(const Rendered& rendered, const Entry& entry);
  EventPtr Render(const Entry& entry, SteadyTime received) const;
  EventPtr RenderState(const Entry& entry, SteadyTime received) const;
  void Erase(ByUse::iterator at);

  const Renderer& renderer_;
  const StreamMetrics& metrics_;
  const std::uint64_t bytes_max_;
  ByUse by_use_;
  std::unordered_map<EntryId, ByUse::iterator> by_id_;
  std::uint64_t bytes_ = 0;
};

}  // namespace belfry::edge
