// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "services/edge/core/follower_port.h"

namespace belfry::edge {

FollowerMetrics FollowerMetrics::Make(Metrics& metrics) {
  constexpr std::array<const char*, kHoleCauses> kCauses = {"gap", "tail", "silence", "overflow",
                                                            "restart"};
  FollowerMetrics made;
  for (std::size_t i = 0; i < kHoleCauses; ++i) {
    made.holes[i] = metrics.AddCounter("belfry_edge_holes_total",
                                       "Holes in what was announced, filled from the store.",
                                       {{"cause", kCauses[i]}});
  }
  const std::string applied = "belfry_edge_entries_applied_total";
  const std::string applied_help = "Log entries applied, by where they came from.";
  made.applied_announced = metrics.AddCounter(applied, applied_help, {{"source", "announced"}});
  made.applied_filled = metrics.AddCounter(applied, applied_help, {{"source", "filled"}});
  made.repeats = metrics.AddCounter("belfry_edge_entries_repeated_total",
                                    "Log entries that had been received before.");
  made.held_dropped =
      metrics.AddCounter("belfry_edge_entries_held_dropped_total",
                         "Announced entries behind a hole that found no room to wait.");
  made.bodies_missing = metrics.AddCounter(
      "belfry_edge_broadcast_bodies_missing_total",
      "Announced entries of broadcasts whose body was not announced; read from the store.");
  made.gaps = metrics.AddCounter("belfry_edge_log_gaps_total",
                                 "Times that a partition's log could not be continued.");
  made.fill_failures = metrics.AddCounter("belfry_edge_fill_failures_total",
                                          "Log reads that the store did not answer.");
  made.heads_failures = metrics.AddCounter("belfry_edge_heads_failures_total",
                                           "Calls for heads that the store did not answer.");
  made.held_bytes =
      metrics.AddGauge("belfry_edge_held_bytes", "Memory of entries that wait behind holes.");
  made.lag_seconds =
      metrics.AddGauge("belfry_edge_applied_lag_seconds",
                       "For how long the applied position has been behind the known head.");
  made.silent = metrics.AddGauge(
      "belfry_edge_bus_silent", "1 while no heads are announced and they are read from the store.");
  made.refused = MakeRefusalCounters(metrics);
  return made;
}

}  // namespace belfry::edge
