// SPDX-License-Identifier: Apache-2.0
// Writing: at the end of a turn all that waits for one socket leaves in one write.
// Not thread-safe: one per core.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/common/clock.h"
#include "services/edge/core/connections.h"
#include "services/edge/core/encoder.h"
#include "services/edge/core/feed_reads.h"
#include "services/edge/core/options.h"
#include "services/edge/core/sse_encoder.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/transport.h"

namespace belfry::edge {

class StreamWriter {
 public:
  // All references must outlive this.
  StreamWriter(const StreamOptions& options, Transport& transport, const Clock& clock,
               const StreamMetrics& metrics, Connections& connections, FeedReads& reads)
      : options_(options),
        transport_(transport),
        clock_(clock),
        metrics_(metrics),
        connections_(connections),
        reads_(reads) {}

  // Writes to a bounded number of the sockets that have something. True: there are more.
  bool WriteSome();
  // Its socket can be written again.
  void OnWritable(Connection& connection);

 private:
  void Write(Connection& connection);
  void AfterDrained(Connection& connection);
  void NoteWritten(const Stream::Written& written, std::size_t bytes);

  const StreamOptions& options_;
  Transport& transport_;
  const Clock& clock_;
  const StreamMetrics& metrics_;
  Connections& connections_;
  FeedReads& reads_;
  const SseEncoder plain_;
  const ChunkedSseEncoder chunked_;
  EncodedEvents encoded_;       // of the write under way
  std::size_t written_to_ = 0;  // of Connections::dirty, in this round
  // Added to the metrics at the end of the turn.
  std::uint64_t turn_notifications_ = 0;
  std::uint64_t turn_bytes_ = 0;
};

}  // namespace belfry::edge
