// SPDX-License-Identifier: Apache-2.0
// Announcements that are not believed: counted by reason, and logged when a reason begins to occur,
// so that a flood of forged ones is no flood of log lines.
// Not thread-safe: one per thread; the counters may be shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"

namespace belfry::edge {

enum class Refusal : std::uint8_t {
  kUnsigned,      // of version 1, without a MAC
  kVersion,       // of a version that is not known
  kMalformed,     // not such a message
  kUnknownKey,    // signed with a key that this edge does not have
  kWrongMac,      // not what the key's owner signed
  kMoved,         // signed for another subject
  kOtherHistory,  // of another history of the store's log than the one that is followed
  kStale,         // a head that is older than what the store said last
  kMisplaced,     // an entry in a partition that is not its user's
};
inline constexpr std::size_t kRefusals = 9;

// As it is written in logs and metrics: "wrong_mac".
std::string_view NameOf(Refusal refusal);

using RefusalCounters = std::array<Counter, kRefusals>;
RefusalCounters MakeRefusalCounters(Metrics& metrics);

class Refusals {
 public:
  Refusals(RefusalCounters counters, Log log) : counters_(counters), log_(std::move(log)) {}

  // An announcement was dropped. Logged if none has been for this reason in the last minute.
  void Note(Refusal refusal, SteadyTime now);

 private:
  const RefusalCounters counters_;
  const Log log_;
  std::array<std::optional<SteadyTime>, kRefusals> last_;
};

}  // namespace belfry::edge
