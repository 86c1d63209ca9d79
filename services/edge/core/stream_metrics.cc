// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream_metrics.h"

#include <string>

namespace belfry::edge {
namespace {

constexpr std::array<const char*, kCloseReasons> kCloseNames = {
    "draining",  "overloaded", "evicted",  "token_expired", "revoked",
    "peer_gone", "stalled",    "flooding", "history",       "shutdown"};
constexpr std::array<const char*, kRefusalReasons> kRefusalNames = {"process", "project", "address",
                                                                    "gate", "not_following"};
constexpr std::array<const char*, kCatchUpCauses> kCauseNames = {
    "start", "resume", "more", "overflow", "held", "gap", "counts"};

template <std::size_t kCount>
std::array<Counter, kCount> AddByLabel(Metrics& metrics, const std::string& name,
                                       const std::string& help, const char* label,
                                       const std::array<const char*, kCount>& values) {
  std::array<Counter, kCount> counters;
  for (std::size_t i = 0; i < kCount; ++i) {
    counters[i] = metrics.AddCounter(name, help, {{label, values[i]}});
  }
  return counters;
}

}  // namespace

StreamMetrics MakeStreamMetrics(Metrics& metrics) {
  StreamMetrics made;
  made.streams = metrics.AddGauge("belfry_edge_streams", "Streams open now.");
  made.attached = metrics.AddCounter("belfry_edge_streams_attached_total", "Streams attached.");
  made.closed = AddByLabel(metrics, "belfry_edge_streams_closed_total",
                           "Streams closed, by reason.", "reason", kCloseNames);
  made.refused = AddByLabel(metrics, "belfry_edge_streams_refused_total",
                            "Streams that got bye overloaded instead of being attached, by limit.",
                            "limit", kRefusalNames);
  made.catch_ups = AddByLabel(metrics, "belfry_edge_catch_ups_total",
                              "Pages read from the store, by cause.", "cause", kCauseNames);
  made.catch_up_failures = metrics.AddCounter("belfry_edge_catch_up_failures_total",
                                              "Catch-up calls that the store did not answer.");
  made.catch_up_batch =
      metrics.AddSizeHistogram("belfry_edge_catch_up_batch_feeds", "Feeds read in one call.");
  made.events_written = metrics.AddCounter("belfry_edge_events_written_total",
                                           "Notifications written to sockets, one per stream.");
  made.bytes_written =
      metrics.AddCounter("belfry_edge_bytes_written_total", "Bytes written to streams' sockets.");
  made.rendered = metrics.AddCounter("belfry_edge_entries_rendered_total",
                                     "Entries made into JSON, by all cores together.");
  made.unrendered = metrics.AddCounter("belfry_edge_entries_unrendered_total",
                                       "Entries whose payload is no notification.");
  made.received_to_written =
      metrics.AddLatencyHistogram("belfry_edge_received_to_written_seconds",
                                  "From an entry's arrival in this process to its write.");
  made.created_to_written =
      metrics.AddLatencyHistogram("belfry_edge_created_to_written_seconds",
                                  "From an entry's creation to its write, live only.");
  return made;
}

}  // namespace belfry::edge
