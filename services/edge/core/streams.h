// SPDX-License-Identifier: Apache-2.0
// One core's streams, from the request to the last byte. It decides; sockets are behind Transport
// and the store behind PendingRead. The parts, each in a file of its own: who gets a stream
// (admission.h), what streams deliver (delivery.h), what they read of the store (feed_reads.h),
// their timers (stream_timers.h) and what is written to their sockets (stream_writer.h), all over
// one table of connections (connections.h).
//
// Not thread-safe: every call comes from the core's own thread. Calls only note what is to be
// written; EndTurn() writes, once per socket, and must follow.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/edge/core/admission.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/delivery.h"
#include "services/edge/core/feed_reads.h"
#include "services/edge/core/options.h"
#include "services/edge/core/revocations.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/stream_timers.h"
#include "services/edge/core/stream_writer.h"
#include "services/edge/core/transport.h"

namespace belfry::edge {

class Streams {
 public:
  // All references must outlive this. `seed`: for jitter and connection ids.
  Streams(const StreamOptions& options, Caps& caps, Revocations& revocations, Transport& transport,
          const Renderer& renderer, const Clock& clock, const StreamMetrics& metrics,
          std::uint64_t seed);

  void SetPartitions(Partition partitions) { connections_.hub().SetPartitions(partitions); }
  bool following() const { return connections_.hub().following_all(); }

  // A refusal is sent in-band, with a bye.
  void Attach(StreamRequest request);
  void Deliver(const Batch& batch) { delivery_.Live(batch); }
  void OnPages(std::uint64_t call, const Result<std::vector<FeedPage>>& pages) {
    reads_.OnPages(call, pages);
  }
  // From the transport; the handle of a stream that has ended is ignored.
  void OnWritable(StreamHandle handle);
  void OnGone(StreamHandle handle, CloseReason reason = CloseReason::kPeerGone);
  // Its socket; std::nullopt for the handle of a stream that has ended.
  std::optional<int> SocketOf(StreamHandle handle) const;
  // About every Wheel::kTick while needs_ticks().
  void Tick() { timers_.Tick(); }
  bool needs_ticks() const { return timers_.needs_ticks() || reads_.waiting() > 0; }

  // From now on sends a bye to all streams, evenly over `window` (ticks do it), and to each new
  // one.
  void StartDrain(std::chrono::milliseconds window) { timers_.StartDrain(window); }
  // Sends a bye to those whose token is void by now: it was revoked, or `has_key` does not have the
  // key that has verified it.
  void CloseRevoked(const std::function<bool(std::uint64_t)>& has_key);
  void CloseAll(CloseReason reason) { connections_.CloseAll(reason); }

  struct Turn {
    std::vector<PendingRead> reads;  // to be made now
    bool more = false;  // more is to be written: take what waits, then end the turn again
  };
  Turn EndTurn();

  std::size_t open() const { return connections_.open(); }
  // Waiting at the gate or being read for.
  std::size_t catching_up() const { return reads_.pending(); }
  // For tests and measurements: what one idle stream takes, without its hub entry.
  static std::size_t StreamBytes() { return sizeof(Connection); }

 private:
  const Revocations& revocations_;
  Connections connections_;  // destroyed last: closes every socket
  Delivery delivery_;
  FeedReads reads_;
  Admission admission_;
  StreamTimers timers_;
  StreamWriter writer_;
};

}  // namespace belfry::edge
