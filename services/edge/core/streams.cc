// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/streams.h"

#include <utility>

namespace belfry::edge {

Streams::Streams(const StreamOptions& options, Caps& caps, Revocations& revocations,
                 Transport& transport, const Renderer& renderer, const Clock& clock,
                 const StreamMetrics& metrics, std::uint64_t seed)
    : revocations_(revocations),
      connections_(options, transport, clock, metrics, seed),
      delivery_(options, renderer, clock, metrics, revocations, connections_),
      reads_(options, clock, metrics, connections_, delivery_, seed),
      admission_(options, caps, revocations, transport, clock, metrics, connections_, reads_),
      timers_(options, clock, connections_),
      writer_(options, transport, clock, metrics, connections_, reads_) {}

void Streams::Attach(StreamRequest request) {
  admission_.Attach(std::move(request), timers_.draining());
}

void Streams::CloseRevoked(const std::function<bool(std::uint64_t)>& has_key) {
  for (std::size_t slot = 0; slot < connections_.slots(); ++slot) {
    Connection* const connection = connections_.at(slot);
    if (connection == nullptr || connection->closing) {
      continue;
    }
    if (!has_key(connection->key) ||
        revocations_.IsRevoked(Hub::ProjectOf(*connection), Hub::UserOf(*connection),
                               connection->issued_s)) {
      connections_.SendBye(*connection, ByeReason::kRevoked);
    }
  }
}

void Streams::OnWritable(StreamHandle handle) {
  if (Connection* connection = connections_.Find(handle)) {
    writer_.OnWritable(*connection);
  }
}

void Streams::OnGone(StreamHandle handle, CloseReason reason) {
  if (Connection* connection = connections_.Find(handle)) {
    connections_.Close(*connection, connection->closing ? connection->reason : reason);
  }
}

std::optional<int> Streams::SocketOf(StreamHandle handle) const {
  const Connection* connection = connections_.Find(handle);
  return connection ? std::optional(connection->socket) : std::nullopt;
}

Streams::Turn Streams::EndTurn() {
  Turn turn;
  turn.more = writer_.WriteSome();
  turn.reads = reads_.Take();
  return turn;
}

}  // namespace belfry::edge
