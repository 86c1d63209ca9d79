// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/admission.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace belfry::edge {
namespace {

RefusalReason RefusalReasonOf(Caps::Refusal refusal) {
  switch (refusal) {
    case Caps::Refusal::kProcess:
      return RefusalReason::kProcess;
    case Caps::Refusal::kProject:
      return RefusalReason::kProject;
    case Caps::Refusal::kAddress:
      return RefusalReason::kAddress;
  }
  return RefusalReason::kProcess;
}

}  // namespace

void Admission::Attach(StreamRequest request, bool draining) {
  Connection& connection = connections_.Add(request);
  if (!transport_.Watch(connection.socket, Connections::HandleOf(connection))) {
    connections_.Close(connection, CloseReason::kPeerGone);
    return;
  }
  connection.stream.Begin(
      OpeningEvent(std::move(request.http_head), connections_.Jitter(options_.retry)));
  connections_.MarkDirty(connection);
  if (draining) {
    connections_.SendBye(connection, ByeReason::kDraining);
    return;
  }
  Hub& hub = connections_.hub();
  const Partition partitions = hub.partitions();
  if (partitions == 0 || !revocations_.loaded() ||
      !hub.following(PartitionOf(request.project, request.user_id, partitions))) {
    metrics_.refused[static_cast<std::size_t>(RefusalReason::kNotFollowing)].Add();
    connections_.SendBye(connection, ByeReason::kOverloaded, connections_.Jitter(options_.retry));
    return;
  }
  // Its token was verified on another core, maybe before the revocation was known: here streams
  // are closed by the revocation's entry, so what comes later is looked at once more.
  if (request.key_gone ||
      revocations_.IsRevoked(request.project, request.user_id, request.issued_s)) {
    connections_.SendBye(connection, ByeReason::kRevoked);
    return;
  }
  EvictFor(request);
  auto taken = caps_.Take(request.project, request.address);
  if (const auto* refusal = std::get_if<Caps::Refusal>(&taken)) {
    connections_.Refuse(connection, RefusalReasonOf(*refusal));
    return;
  }
  connection.permit = std::move(std::get<Caps::Permit>(taken));
  hub.Attach(connection, request.project, request.user_id);
  metrics_.attached.Add();
  StartDeadlines(connection, request.expires_s);
  reads_.Want(connection);  // before the head is written
}

void Admission::EvictFor(const StreamRequest& request) {
  const Hub& hub = connections_.hub();
  const auto per_user_max = static_cast<std::size_t>(options_.per_user_max);
  while (hub.CountOf(request.project, request.user_id) >= per_user_max) {
    HubMember* const oldest = hub.OldestOf(request.project, request.user_id);
    connections_.SendBye(static_cast<Connection&>(*oldest), ByeReason::kEvicted);
  }
}

void Admission::StartDeadlines(Connection& connection, std::int64_t expires_s) {
  const SteadyTime now = clock_.Now();
  connection.heartbeat_at = now + options_.heartbeat;
  connection.bookmark_at = now + connections_.Jitter(options_.bookmark);
  const std::chrono::seconds left(expires_s - clock_.UnixMicros() / 1'000'000);
  if (left < std::chrono::years(10)) {  // nanoseconds hold no more than a few centuries
    connection.ends_at = now + std::max(left, std::chrono::seconds(0));
  }
  connections_.Arm(connection);
}

}  // namespace belfry::edge
