// SPDX-License-Identifier: Apache-2.0
// What one core keeps per stream: all the memory of an idle one is here and in its hub entry.
// It has no timers of its own and no buffers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/hub.h"
#include "services/edge/core/stream.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/wheel.h"

namespace belfry::edge {

inline constexpr SteadyTime kNever = SteadyTime::max();

// A stream that an authenticated client asks for.
struct StreamRequest {
  int socket = -1;  // owned by Streams from Attach on
  std::string project;
  std::string user_id;
  std::string address;            // the client's, for its cap
  std::optional<EntryId> cursor;  // std::nullopt: start now
  std::chrono::milliseconds batch{0};
  std::int64_t expires_s = 0;  // when it must end, unix seconds
  std::int64_t issued_s = 0;   // the token's "iat", unix seconds
  std::uint64_t key = 0;       // which key has verified the token
  bool key_gone = false;       // it is none of ours any more
  std::string http_head;       // the response's head, with its empty line
  bool chunked = false;        // the head says that the body comes in chunks
};

struct Connection final : HubMember, WheelTimer {
  explicit Connection(const StreamRequest& request)
      : stream(request.cursor, request.batch),
        socket(request.socket),
        issued_s(static_cast<std::uint32_t>(std::clamp<std::int64_t>(
            request.issued_s, 0, std::numeric_limits<std::uint32_t>::max()))),
        key(request.key),
        chunked(request.chunked) {}

  Stream stream;
  const int socket;
  const std::uint32_t issued_s;
  const std::uint64_t key;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint64_t number = 0;  // counts this core's connections
  Caps::Permit permit;

  SteadyTime timer_at = kNever;  // when the wheel will call
  SteadyTime heartbeat_at = kNever;
  SteadyTime bookmark_at = kNever;
  SteadyTime batch_at = kNever;
  SteadyTime ends_at = kNever;        // by a bye, and once it is closing, without more words
  SteadyTime blocked_since = kNever;  // the last byte that the peer took, since it is full

  CloseReason reason = CloseReason::kPeerGone;  // its bye's, once closing
  const bool chunked;                           // how its events are encoded
  bool closing = false;                         // it was sent a bye, and only waits to be closed
  bool dirty = false;
  bool gated = false;     // its handle waits at the gate, or is being read for
  bool blocked = false;   // until OnWritable
  bool finished = false;  // all is written; waits for the peer to close
};

}  // namespace belfry::edge
