// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/connections.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace belfry::edge {
namespace {

// A native EventSource of the same user must not come back at once and evict another.
constexpr std::chrono::minutes kEvictedRetry{10};
constexpr int kOverloadedRetries = 3;  // of StreamOptions::retry

// A bijection that hides the counter in connection ids. Source: S. Vigna, splitmix64.
std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

CloseReason CloseReasonOf(ByeReason reason) {
  switch (reason) {
    case ByeReason::kDraining:
      return CloseReason::kDraining;
    case ByeReason::kOverloaded:
      return CloseReason::kOverloaded;
    case ByeReason::kEvicted:
      return CloseReason::kEvicted;
    case ByeReason::kTokenExpired:
      return CloseReason::kTokenExpired;
    case ByeReason::kRevoked:
      return CloseReason::kRevoked;
  }
  return CloseReason::kDraining;
}

}  // namespace

Connections::Connections(const StreamOptions& options, Transport& transport, const Clock& clock,
                         const StreamMetrics& metrics, std::uint64_t seed)
    : options_(options),
      transport_(transport),
      clock_(clock),
      metrics_(metrics),
      seed_(seed),
      random_(static_cast<std::minstd_rand::result_type>(Mix(seed) | 1)),
      wheel_(clock.Now()) {}

Connections::~Connections() { CloseAll(CloseReason::kShutdown); }

Connection& Connections::Add(const StreamRequest& request) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    generations_.push_back(0);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot] = std::make_unique<Connection>(request);
  Connection& connection = *slots_[slot];
  connection.slot = slot;
  connection.generation = ++generations_[slot];
  connection.number = ++added_;
  ++open_;
  metrics_.streams.Add(1);
  return connection;
}

StreamHandle Connections::HandleOf(const Connection& connection) {
  return (StreamHandle{connection.generation} << 32) | connection.slot;
}

Connection* Connections::Find(StreamHandle handle) const {
  const auto slot = static_cast<std::uint32_t>(handle);
  if (slot >= slots_.size() || !slots_[slot]) {
    return nullptr;
  }
  return slots_[slot]->generation == handle >> 32 ? slots_[slot].get() : nullptr;
}

std::string Connections::IdOf(const Connection& connection) const {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(Mix(seed_ + connection.number)));
  return text.data();
}

void Connections::SendBye(Connection& connection, ByeReason reason) {
  switch (reason) {
    case ByeReason::kEvicted:
      return SendBye(connection, reason, kEvictedRetry);
    case ByeReason::kOverloaded:
      return SendBye(connection, reason, Jitter(options_.retry * kOverloadedRetries));
    case ByeReason::kDraining:
    case ByeReason::kTokenExpired:
    case ByeReason::kRevoked:
      return SendBye(connection, reason, Jitter(options_.retry));
  }
}

void Connections::SendBye(Connection& connection, ByeReason reason,
                          std::chrono::milliseconds retry) {
  hub_.Detach(connection);
  connection.permit.Release();
  connection.reason = CloseReasonOf(reason);
  connection.closing = true;
  connection.ends_at = clock_.Now() + options_.close_timeout;
  connection.stream.Bye(ByeEvent(reason, retry));
  MarkDirty(connection);
  Arm(connection);
}

void Connections::Refuse(Connection& connection, RefusalReason reason) {
  metrics_.refused[static_cast<std::size_t>(reason)].Add();
  SendBye(connection, ByeReason::kOverloaded);
}

void Connections::Close(Connection& connection, CloseReason reason) {
  metrics_.closed[static_cast<std::size_t>(reason)].Add();
  metrics_.streams.Add(-1);
  hub_.Detach(connection);
  wheel_.Disarm(connection);
  transport_.Close(connection.socket);
  --open_;
  const std::uint32_t slot = connection.slot;
  slots_[slot].reset();
  free_slots_.push_back(slot);
}

void Connections::CloseAll(CloseReason reason) {
  for (const std::unique_ptr<Connection>& connection : slots_) {
    if (connection) {
      Close(*connection, reason);
    }
  }
}

void Connections::ArmBy(Connection& connection, SteadyTime when) {
  if (when < connection.timer_at) {
    connection.timer_at = when;
    wheel_.Arm(connection, when);
  }
}

void Connections::Arm(Connection& connection) {
  SteadyTime when = connection.ends_at;
  if (!connection.closing) {
    when = std::min({when, connection.heartbeat_at, connection.batch_at});
  }
  if (connection.blocked_since != kNever) {
    when = std::min(when, connection.blocked_since + options_.stall_timeout);
  }
  wheel_.Disarm(connection);
  connection.timer_at = kNever;
  if (when != kNever) {
    ArmBy(connection, when);
  }
}

void Connections::MarkDirty(Connection& connection) {
  if (!connection.dirty) {
    connection.dirty = true;
    dirty_.push_back(HandleOf(connection));
  }
}

std::chrono::milliseconds Connections::Jitter(std::chrono::milliseconds around) {
  std::uniform_int_distribution<std::int64_t> pick(around.count() / 2, around.count() * 3 / 2);
  return std::chrono::milliseconds(pick(random_));
}

}  // namespace belfry::edge
