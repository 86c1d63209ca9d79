// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/refusals.h"

#include <chrono>
#include <string>

namespace belfry::edge {
namespace {

constexpr std::chrono::minutes kQuiet{1};

constexpr std::array<std::string_view, kRefusals> kNames = {
    "unsigned", "version", "malformed", "unknown_key", "wrong_mac",
    "moved",    "history", "stale",     "misplaced"};

}  // namespace

std::string_view NameOf(Refusal refusal) { return kNames[static_cast<std::size_t>(refusal)]; }

RefusalCounters MakeRefusalCounters(Metrics& metrics) {
  RefusalCounters counters;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    counters[i] = metrics.AddCounter("belfry_edge_announcements_refused_total",
                                     "Announcements that were not believed, by reason.",
                                     {{"reason", std::string(kNames[i])}});
  }
  return counters;
}

void Refusals::Note(Refusal refusal, SteadyTime now) {
  const auto index = static_cast<std::size_t>(refusal);
  counters_[index].Add();
  std::optional<SteadyTime>& last = last_[index];
  if (!last || now - *last >= kQuiet) {
    log_.Warn("announcements are refused; their entries are read from the store",
              {{"reason", NameOf(refusal)}});
  }
  last = now;
}

}  // namespace belfry::edge
