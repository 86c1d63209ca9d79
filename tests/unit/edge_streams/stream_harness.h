// SPDX-License-Identifier: Apache-2.0
// One stream with its peer, and events of each kind.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/edge/core/sse_encoder.h"
#include "services/edge/core/stream.h"
#include "tests/unit/edge_streams/blocks.h"

namespace belfry::edge {

inline EventPtr EventOf(EntryId id, EntryKind entry_kind, std::size_t size) {
  Entry entry;
  entry.id = id;
  entry.kind = entry_kind;
  return std::make_shared<const Event>(EntryEvent(
      entry, *EventKindOf(entry_kind),
      R"({"id":")" + std::to_string(id) + R"(","pad":")" + std::string(size, 'x') + R"("})"));
}
inline EventPtr NotificationOf(EntryId id, std::size_t size = 0) {
  return EventOf(id, EntryKind::kNotification, size);
}
// An event that the store can replay and that is no notification.
inline EventPtr StateOf(EntryId id, std::size_t size = 0) {
  return EventOf(id, EntryKind::kState, size);
}

inline std::vector<EventPtr> Notifications(const std::vector<EntryId>& ids) {
  std::vector<EventPtr> events;
  for (const EntryId id : ids) {
    events.push_back(NotificationOf(id));
  }
  return events;
}

// One stream with its peer.
struct StreamHarness {
  explicit StreamHarness(std::optional<EntryId> cursor, std::chrono::milliseconds batch = {})
      : stream(cursor, batch) {
    stream.Begin(OpeningEvent("", std::chrono::milliseconds(1000)));
  }

  // The peer takes up to `bytes`.
  void Take(std::size_t bytes = 1 << 30) {
    while (bytes > 0 && stream.has_output()) {
      const std::string_view offered = stream.Encode(encoder, encoded);
      const std::size_t taken = std::min(offered.size(), bytes);
      received += offered.substr(0, taken);
      bytes -= taken;
      notifications += stream.OnWritten(encoded, taken).notifications;
    }
  }

  FeedQuery Read() {
    FeedQuery query;
    stream.BeginRead(query);
    return query;
  }

  bool Page(EntryId up_to, const std::vector<EntryId>& ids, bool more = false,
            CursorFault fault = CursorFault::kNone) {
    return PageOf(up_to, Notifications(ids), more, fault);
  }

  bool PageOf(EntryId up_to, const std::vector<EventPtr>& events, bool more = false,
              CursorFault fault = CursorFault::kNone) {
    FeedPage page;
    page.up_to = up_to;
    page.more = more;
    page.fault = fault;
    page.floor = 7;
    page.counts.unread = 3;
    page.counts.up_to = up_to;
    return stream.OnPage(page, events, {"alice", "c1", std::chrono::milliseconds(20'000), 0});
  }

  // Attached at `cursor` and live at `up_to`.
  void GoLive(EntryId up_to) {
    Read();
    ASSERT_TRUE(Page(up_to, {}));
    Take();
    ASSERT_EQ(stream.state(), Stream::State::kLive);
  }

  std::vector<EntryId> Told() const {
    std::vector<EntryId> ids;
    for (const Block& block : BlocksOf(received)) {
      if (block.event == "notification") {
        ids.push_back(block.id);
      } else if (block.event == "notifications") {
        for (std::size_t at = block.data.find(R"("id":")"); at != std::string::npos;
             at = block.data.find(R"("id":")", at + 1)) {
          ids.push_back(std::stoull(block.data.substr(at + 6)));
        }
      }
    }
    return ids;
  }

  std::vector<Block> Events(const std::string& name) const {
    std::vector<Block> found;
    for (const Block& block : BlocksOf(received)) {
      if (block.event == name) {
        found.push_back(block);
      }
    }
    return found;
  }

  bool IdsNeverGoBackwards() const {
    EntryId last = 0;
    for (const Block& block : BlocksOf(received)) {
      if (block.id != 0 && std::exchange(last, block.id) > block.id) {
        return false;
      }
    }
    return true;
  }

  StreamOptions options;
  Stream stream;
  SseEncoder encoder;
  EncodedEvents encoded;
  std::string received;
  std::uint32_t notifications = 0;  // written
};

}  // namespace belfry::edge
