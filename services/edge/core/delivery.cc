// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/delivery.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/planted_fault.h"
#include "libs/common/revocation.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {
namespace {

// Does it want live events, for its peer or to hold them?
bool TakesLive(const Stream& stream) {
  return stream.state() == Stream::State::kLive || stream.state() == Stream::State::kReading;
}

// A broadcast that is not for this user. In what is replayed the store has left it out.
bool IsExcluded(const Event& event, std::string_view user) {
  return event.excluded && std::binary_search(event.excluded->begin(), event.excluded->end(), user);
}

}  // namespace

void Delivery::Live(const Batch& batch) {
  Hub& hub = connections_.hub();
  if (batch.gap) {
    hub.ForPartition(batch.partition, [&](HubMember& member) {
      Connection& connection = static_cast<Connection&>(member);
      connection.stream.OnGap(batch.position, CatchUpCause::kGap);
      connections_.MarkDirty(connection);
    });
  }
  for (const EntryPtr& entry : batch.entries) {
    DeliverEntry(*entry, batch);
  }
  hub.Advance(batch.partition, batch.position);
}

void Delivery::DeliverEntry(const Entry& entry, const Batch& batch) {
  if (HadExpired(entry, batch.store_time_us)) {
    return;
  }
  // Made for the first stream that takes it; null if it cannot be delivered.
  std::optional<EventPtr> event;
  const auto offer = [&](HubMember& member) {
    Connection& connection = static_cast<Connection&>(member);
    if (!TakesLive(connection.stream)) {
      return;
    }
    if (!event) {
      event = events_.EventOf(entry, batch.received);
    }
    if (*event && !IsExcluded(**event, Hub::UserOf(member))) {
      Offer(connection, *event);
    }
  };
  const auto ask_store = [&](HubMember& member) {
    Connection& connection = static_cast<Connection&>(member);
    connection.stream.OnGap(entry.id, CatchUpCause::kCounts);
    connections_.MarkDirty(connection);
  };
  const Hub& hub = connections_.hub();
  switch (entry.kind) {
    case EntryKind::kState:
      if (entry.user_id.empty()) {
        return hub.ForProject(batch.partition, entry.project, ask_store);
      }
      [[fallthrough]];
    case EntryKind::kNotification:
      return hub.ForUser(entry.project, entry.user_id, offer);
    case EntryKind::kBroadcast:
      return hub.ForProject(batch.partition, entry.project, offer);
    case EntryKind::kErased:
      // The store will say that the stream's cursor can not be continued from.
      return entry.user_id.empty() ? void() : hub.ForUser(entry.project, entry.user_id, ask_store);
    case EntryKind::kRevoked:
      return Revoke(entry, batch.partition);
    case EntryKind::kKicked:
      return Kick(entry, batch.partition);
    case EntryKind::kUnspecified:
      return;
  }
}

std::vector<Connection*> Delivery::StreamsOf(const Entry& entry, Partition partition) {
  std::vector<Connection*> streams;
  const auto take = [&](HubMember& member) {
    streams.push_back(&static_cast<Connection&>(member));
  };
  const Hub& hub = connections_.hub();
  entry.user_id.empty() ? hub.ForProject(partition, entry.project, take)
                        : hub.ForUser(entry.project, entry.user_id, take);
  return streams;
}

void Delivery::Revoke(const Entry& entry, Partition partition) {
  // Every core does it: once a core has closed its streams, no core admits such a token.
  revocations_.Revoke(entry.project, entry.user_id, entry.created_us);
  for (Connection* const connection : StreamsOf(entry, partition)) {
    if (connection->issued_s < TokensValidFrom(entry.created_us) ||
        Planted(PlantedFault::kRevocationEndsAllStreams)) {
      connections_.SendBye(*connection, ByeReason::kRevoked);
    }
  }
}

void Delivery::Kick(const Entry& entry, Partition partition) {
  for (Connection* const connection : StreamsOf(entry, partition)) {
    connections_.SendBye(*connection, ByeReason::kDraining);
  }
}

void Delivery::Offer(Connection& connection, const EventPtr& event) {
  Stream& stream = connection.stream;
  if (!stream.OnEvent(event, options_)) {
    return;
  }
  if (stream.has_gathered()) {
    if (connection.batch_at == kNever) {
      connection.batch_at = clock_.Now() + stream.batch();
      connections_.ArmBy(connection, connection.batch_at);
    }
    if (!stream.has_output()) {
      return;
    }
  }
  connections_.MarkDirty(connection);
}

void Delivery::Replay(Connection& connection, const FeedPage& page) {
  // What has expired is not in the page: the store has judged it.
  std::vector<EventPtr> events;
  events.reserve(page.entries.size());
  for (const Entry& entry : page.entries) {
    const bool of_project = entry.kind == EntryKind::kState && entry.user_id.empty();
    if (EventPtr event =
            of_project ? events_.EventOf(entry, page.counts) : events_.EventOf(entry)) {
      events.push_back(std::move(event));
    }
  }
  const std::string id = connections_.IdOf(connection);
  if (!connection.stream.OnPage(
          page, events, {Hub::UserOf(connection), id, options_.heartbeat, clock_.UnixMicros()})) {
    connections_.Close(connection, CloseReason::kHistory);
    return;
  }
  connections_.MarkDirty(connection);
}

}  // namespace belfry::edge
