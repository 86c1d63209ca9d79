// SPDX-License-Identifier: Apache-2.0
// What a core counts about its streams: handles only. Each core makes its own, so that no core
// waits for another's observations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "libs/common/metrics.h"
#include "services/edge/core/stream.h"

namespace belfry::edge {

// Why a stream ended.
enum class CloseReason : std::uint8_t {
  kDraining,
  kOverloaded,
  kEvicted,
  kTokenExpired,
  kRevoked,
  kPeerGone,
  kStalled,   // took no byte for too long
  kFlooding,  // sent too much after its request
  kHistory,   // the store's history ends before what the peer has received
  kShutdown,
};
inline constexpr std::size_t kCloseReasons = 10;

// Which limit kept a stream from being attached.
enum class RefusalReason : std::uint8_t { kProcess, kProject, kAddress, kGate, kNotFollowing };
inline constexpr std::size_t kRefusalReasons = 5;

struct StreamMetrics {
  Gauge streams;
  Counter attached;
  std::array<Counter, kCloseReasons> closed;
  std::array<Counter, kRefusalReasons> refused;
  std::array<Counter, kCatchUpCauses> catch_ups;
  Counter catch_up_failures;
  Histogram catch_up_batch;
  Counter events_written;
  Counter bytes_written;
  Counter rendered;
  Counter unrendered;
  Histogram received_to_written;
  Histogram created_to_written;
};

StreamMetrics MakeStreamMetrics(Metrics& metrics);

}  // namespace belfry::edge
