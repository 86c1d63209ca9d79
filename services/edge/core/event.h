// SPDX-License-Identifier: Apache-2.0
// What a stream delivers, before a transport makes bytes of it. Immutable once made and shared by
// the streams of one core; an Encoder (see encoder.h) writes it to the wire.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/inbox.h"

namespace belfry::edge {

enum class EventKind : std::uint8_t {
  kOpening,        // the response's head and whatever else the transport begins with
  kConnected,      // who the stream is for and where it starts
  kReset,          // the cursor could not be continued from
  kBye,            // the last one
  kHeartbeat,      // keeps the connection alive, has no data
  kBookmark,       // moves the cursor, has no data
  kNotification,   // an entry of the feed
  kNotifications,  // several of them in one event
  kState,          // an entry of the feed: a change of read state, with counts
};

// Shared by the events that carry it.
using Text = std::shared_ptr<const std::string>;

// Prefixes of kinds.
using MutedKinds = std::shared_ptr<const std::vector<std::string>>;

struct Event {
  EventKind kind = EventKind::kOpening;
  // Can be read from the store again, so that a full queue may drop it.
  bool replayable = false;
  // How many notifications it delivers.
  std::uint32_t notifications = 0;
  // The client's cursor once it has read this event; std::nullopt: as before.
  std::optional<EntryId> id = {};
  // The event's JSON; of kOpening the response's head; null for those without data.
  Text text = {};
  // How long the client is to wait before it reconnects, once the connection has ended.
  std::optional<std::chrono::milliseconds> retry = {};
  // For the latency histograms: when the entry was created (unix microseconds) and when it reached
  // this process. The epoch: it was read from the store, and is not measured.
  std::int64_t created_us = 0;
  SteadyTime received = {};
  // Of a broadcast: its kind, and that those who have muted it do not get it.
  std::string broadcast_kind = {};
  bool can_be_muted = false;
  // Of a broadcast: who does not get it, sorted; null: everybody does.
  std::shared_ptr<const std::vector<std::string>> excluded = {};
  // Of a change of preferences: what is muted from here on; null for all others.
  MutedKinds muted_kinds = {};

  std::string_view json() const { return text ? std::string_view(*text) : std::string_view(); }
  // What it weighs in a queue.
  std::size_t bytes() const { return json().size() + 64; }
};
using EventPtr = std::shared_ptr<const Event>;

// Notifications and broadcasts as JSON. Thread-safe.
class Renderer {
 public:
  virtual ~Renderer() = default;
  // The JSON of the entry's event; empty if the entry cannot be delivered.
  virtual std::string Json(const Entry& entry) const = 0;
  // Of a broadcast: who does not get it, sorted.
  virtual std::vector<std::string> Excluded(const Entry& broadcast) const = 0;
};

// The kind of event that an entry becomes; std::nullopt: none, only its id counts.
std::optional<EventKind> EventKindOf(EntryKind kind);

// The event of an entry, of a kind that EventKindOf gave. `json` as Renderer::Json gave it.
Event EntryEvent(const Entry& entry, EventKind kind, std::string json);

// The event of an entry of kind kState, whose payload is `change`.
Event StateEvent(const Entry& entry, const StateChange& change, const Counts& counts);

// One event of all of `notifications` (at least one, each a kNotification), with the last one's id.
EventPtr GroupEvent(std::span<const EventPtr> notifications);

EventPtr OpeningEvent(std::string http_head, std::chrono::milliseconds retry);
EventPtr HeartbeatEvent();
EventPtr BookmarkEvent(EntryId id);

struct Connected {
  std::string_view connection_id;
  std::string_view user_id;
  Counts counts = {};
  std::chrono::milliseconds heartbeat{};
  std::int64_t server_us = 0;  // unix microseconds
};
// `id`: the starting cursor; 0 is the cursor "before the first entry".
EventPtr ConnectedEvent(std::optional<EntryId> id, const Connected& connected);

struct Reset {
  CursorFault fault = CursorFault::kNone;
  EntryId oldest = 0;
  EntryId up_to = 0;  // the new cursor
  Counts counts = {};
};
EventPtr ResetEvent(const Reset& reset);

enum class ByeReason : std::uint8_t {
  kDraining,
  kOverloaded,
  kEvicted,
  kTokenExpired,
  kRevoked,  // its token, or the key that has signed it
};
std::string_view ByeName(ByeReason reason);
EventPtr ByeEvent(ByeReason reason, std::chrono::milliseconds retry);

}  // namespace belfry::edge
