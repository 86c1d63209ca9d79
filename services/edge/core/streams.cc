// SPDX-License-Identifier: Apache-2.0
// Attaching, delivering, catching up. See streams_turn.cc for writing, time and the end.
#include "services/edge/core/streams.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "libs/common/check.h"
#include "services/edge/core/streams_conn.h"

namespace belfry::edge {
namespace {

// A bijection that hides the counter in connection ids. Source: S. Vigna, splitmix64.
std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

bool WorthRetrying(Code code) {
  return code == Code::kUnavailable || code == Code::kDeadlineExceeded ||
         code == Code::kResourceExhausted || code == Code::kAborted || code == Code::kCancelled;
}

// Does it want live events, for its peer or to hold them?
bool TakesLive(const Stream& stream) {
  return stream.state() == Stream::State::kLive || stream.state() == Stream::State::kReading;
}

}  // namespace

Streams::Streams(const StreamOptions& options, Caps& caps, Transport& transport,
                 const Renderer& renderer, const Clock& clock, const StreamMetrics& metrics,
                 std::uint64_t seed)
    : options_(options),
      caps_(caps),
      transport_(transport),
      clock_(clock),
      metrics_(metrics),
      seed_(seed),
      random_(static_cast<std::minstd_rand::result_type>(Mix(seed) | 1)),
      events_(renderer, metrics, options.rendered_bytes_max),
      wheel_(clock.Now()),
      gate_({static_cast<std::size_t>(options.catch_up_waiting_max),
             static_cast<std::size_t>(options.catch_up_calls_max)},
            seed) {}

Streams::~Streams() { CloseAll(CloseReason::kShutdown); }

std::size_t Streams::StreamBytes() { return sizeof(Conn); }

std::size_t Streams::catching_up() const {
  std::size_t count = gate_.waiting();
  for (const auto& [call, tickets] : reading_) {
    count += tickets.size();
  }
  return count;
}

StreamHandle Streams::HandleOf(const Conn& conn) {
  return (StreamHandle{conn.generation} << 32) | conn.slot;
}

Streams::Conn* Streams::Find(StreamHandle handle) const {
  const auto slot = static_cast<std::uint32_t>(handle);
  if (slot >= slots_.size() || !slots_[slot]) {
    return nullptr;
  }
  return slots_[slot]->generation == handle >> 32 ? slots_[slot].get() : nullptr;
}

std::optional<int> Streams::SocketOf(StreamHandle handle) const {
  const Conn* conn = Find(handle);
  return conn ? std::optional(conn->socket) : std::nullopt;
}

Streams::Conn& Streams::Open(Arrival& arrival) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    generations_.push_back(0);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot] = std::make_unique<Conn>(arrival);
  Conn& conn = *slots_[slot];
  conn.slot = slot;
  conn.generation = ++generations_[slot];
  conn.number = ++opened_;
  ++open_;
  metrics_.streams.Add(1);
  return conn;
}

void Streams::Attach(Arrival arrival) {
  Conn& conn = Open(arrival);
  if (!transport_.Watch(conn.socket, HandleOf(conn))) {
    Close(conn, CloseReason::kPeerGone);
    return;
  }
  conn.stream.Begin(OpeningEvent(std::move(arrival.http_head), Jitter(options_.retry)));
  MarkDirty(conn);
  if (drain_) {
    SayBye(conn, ByeReason::kDraining);
    return;
  }
  const Partition partitions = hub_.partitions();
  if (partitions == 0 ||
      !hub_.following(PartitionOf(arrival.project, arrival.user_id, partitions))) {
    metrics_.refused[static_cast<std::size_t>(RefusalReason::kNotFollowing)].Add();
    SayBye(conn, ByeReason::kOverloaded, Jitter(options_.retry));
    return;
  }
  Admit(conn, arrival);
}

void Streams::Admit(Conn& conn, const Arrival& arrival) {
  const auto per_user_max = static_cast<std::size_t>(options_.per_user_max);
  while (hub_.CountOf(arrival.project, arrival.user_id) >= per_user_max) {
    SayBye(static_cast<Conn&>(*hub_.OldestOf(arrival.project, arrival.user_id)),
           ByeReason::kEvicted);
  }
  Caps::Refusal refusal = Caps::Refusal::kNone;
  conn.place = caps_.Take(arrival.project, arrival.address, refusal);
  if (refusal != Caps::Refusal::kNone) {
    Refuse(conn, static_cast<RefusalReason>(static_cast<int>(refusal) - 1));
    return;
  }
  hub_.Attach(conn, arrival.project, arrival.user_id);
  metrics_.attached.Add();
  const SteadyTime now = clock_.Now();
  conn.heartbeat_at = now + options_.heartbeat;
  conn.bookmark_at = now + Jitter(options_.bookmark);
  const std::chrono::seconds left(arrival.expires_s - clock_.UnixMicros() / 1'000'000);
  if (left < std::chrono::years(10)) {  // nanoseconds hold no more than a few centuries
    conn.expires_at = now + std::max(left, std::chrono::seconds(0));
  }
  Rearm(conn);
  AfterDrained(conn);  // the first page is wanted before the head is written
}

void Streams::Refuse(Conn& conn, RefusalReason reason) {
  metrics_.refused[static_cast<std::size_t>(reason)].Add();
  SayBye(conn, ByeReason::kOverloaded);
}

void Streams::Deliver(const Batch& batch) {
  if (batch.gap) {
    hub_.ForPartition(batch.partition, [&](HubMember& member) {
      Conn& conn = static_cast<Conn&>(member);
      conn.stream.OnGap(batch.position);
      MarkDirty(conn);
    });
  }
  for (const EntryPtr& entry : batch.entries) {
    DeliverEntry(*entry, batch);
  }
  hub_.Advance(batch.partition, batch.position);
}

void Streams::DeliverEntry(const Entry& entry, const Batch& batch) {
  if (entry.expires_us != 0 && entry.expires_us <= clock_.UnixMicros()) {
    return;
  }
  std::optional<EventPtr> event;  // made for the first stream that takes it
  const auto offer = [&](HubMember& member) {
    Conn& conn = static_cast<Conn&>(member);
    if (!TakesLive(conn.stream)) {
      return;
    }
    if (!event) {
      event = LiveEvent(entry, batch.received);
    }
    if (*event) {
      Offer(conn, *event);
    }
  };
  switch (entry.kind) {
    case EntryKind::kNotification:
    case EntryKind::kState:
      return hub_.ForUser(entry.project, entry.user_id, offer);
    case EntryKind::kBroadcast:
      return hub_.ForProject(batch.partition, entry.project, offer);
    case EntryKind::kUnspecified:
      return;
  }
}

// Null if the entry cannot be delivered.
EventPtr Streams::LiveEvent(const Entry& entry, SteadyTime received) {
  const EventPtr event = events_.EventOf(entry);
  if (!event) {
    return nullptr;
  }
  Event live = *event;  // shares its text
  live.received = received;
  return std::make_shared<const Event>(std::move(live));
}

void Streams::Offer(Conn& conn, const EventPtr& event) {
  if (!conn.stream.OnEvent(event, options_)) {
    return;
  }
  if (conn.stream.has_gathered()) {
    if (conn.batch_at == kNever) {
      conn.batch_at = clock_.Now() + conn.stream.batch();
      ArmBy(conn, conn.batch_at);
    }
    if (!conn.stream.has_output()) {
      return;
    }
  }
  MarkDirty(conn);
}

void Streams::TakeReads(std::vector<PendingRead>& reads) {
  const SteadyTime now = clock_.Now();
  while (true) {
    std::vector<CatchUpGate::Ticket> tickets = gate_.Next(now);
    if (tickets.empty()) {
      return;
    }
    PendingRead read;
    read.call = ++calls_;
    std::erase_if(tickets, [&](StreamHandle handle) {
      Conn* conn = Find(handle);
      if (conn == nullptr || conn->stream.state() != Stream::State::kWanting) {
        return true;  // it ended while it waited
      }
      metrics_.catch_ups[static_cast<std::size_t>(conn->stream.cause())].Add();
      FeedQuery& query = read.queries.emplace_back();
      query.project = Hub::ProjectOf(*conn);
      query.user_id = Hub::UserOf(*conn);
      query.entries_max = static_cast<std::uint32_t>(options_.catch_up_entries_max);
      query.bytes_max = static_cast<std::uint32_t>(options_.catch_up_bytes_max);
      conn->stream.BeginRead(query);
      return false;
    });
    if (tickets.empty()) {
      gate_.Answered();
      continue;
    }
    metrics_.catch_up_batch.Observe(static_cast<double>(tickets.size()));
    reading_.emplace(read.call, std::move(tickets));
    reads.push_back(std::move(read));
  }
}

void Streams::OnPages(std::uint64_t call, Result<std::vector<FeedPage>> pages) {
  const auto at = reading_.find(call);
  BELFRY_CHECK(at != reading_.end());
  std::vector<CatchUpGate::Ticket> tickets = std::move(at->second);
  reading_.erase(at);
  const bool answered = pages.ok() && pages->size() == tickets.size();
  if (!answered) {
    metrics_.catch_up_failures.Add();
  }
  if (!pages.ok() && WorthRetrying(pages.error().code)) {
    std::erase_if(tickets, [this](StreamHandle handle) {
      Conn* conn = Find(handle);
      if (conn == nullptr || conn->stream.state() != Stream::State::kReading) {
        return true;
      }
      conn->stream.OnReadFailed();
      return false;
    });
    gate_.Unavailable(tickets, clock_.Now());
    return;
  }
  gate_.Answered();
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    Conn* conn = Find(tickets[i]);
    if (conn == nullptr || conn->stream.state() != Stream::State::kReading) {
      continue;
    }
    conn->gated = false;
    if (answered) {
      TakePage(*conn, (*pages)[i]);
    } else {
      SayBye(*conn, ByeReason::kOverloaded);
    }
  }
}

void Streams::TakePage(Conn& conn, const FeedPage& page) {
  const std::int64_t now_us = clock_.UnixMicros();
  std::vector<EventPtr> events;
  events.reserve(page.entries.size());
  for (const Entry& entry : page.entries) {
    if (entry.expires_us != 0 && entry.expires_us <= now_us) {
      continue;
    }
    if (EventPtr event = events_.EventOf(entry)) {
      events.push_back(std::move(event));
    }
  }
  const std::string connection_id = ConnectionId(conn);
  if (!conn.stream.OnPage(page, events,
                          {Hub::UserOf(conn), connection_id, options_.heartbeat, now_us})) {
    Close(conn, CloseReason::kHistory);
    return;
  }
  MarkDirty(conn);
}

std::string Streams::ConnectionId(const Conn& conn) const {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(Mix(seed_ + conn.number)));
  return text.data();
}

}  // namespace belfry::edge
