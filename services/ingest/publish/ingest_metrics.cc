// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/ingest_metrics.h"

namespace belfry::ingest {
namespace {

constexpr std::size_t kRateLimitedKeysMax = 100;

const char* Name(Transport transport) { return transport == Transport::kGrpc ? "grpc" : "rest"; }

}  // namespace

IngestMetrics::IngestMetrics(Metrics& registry)
    : appender{registry.AddLatencyHistogram("belfry_ingest_append_seconds",
                                            "One attempt of an Append call to the store."),
               registry.AddSizeHistogram("belfry_ingest_append_items",
                                         "Notifications in one Append call."),
               registry.AddLatencyHistogram(
                   "belfry_ingest_accept_to_commit_seconds",
                   "From accepting a notification to knowing that it is on disk."),
               registry.AddCounter("belfry_ingest_append_retries_total",
                                   "Append calls that were sent again after UNAVAILABLE."),
               registry.AddGauge("belfry_ingest_appends_in_flight",
                                 "Append calls that have not been answered.")},
      call_retries(registry.AddCounter("belfry_ingest_call_retries_total",
                                       "Other calls to the store that were sent again after "
                                       "UNAVAILABLE.")),
      in_flight_items(registry.AddGauge("belfry_ingest_in_flight_items",
                                        "Notifications accepted and not yet answered.")),
      in_flight_bytes(registry.AddGauge("belfry_ingest_in_flight_bytes",
                                        "Bytes of notifications accepted and not yet answered.")),
      streams(registry.AddGauge("belfry_ingest_streams", "NotifyStream calls that are open.")),
      store_up(registry.AddGauge("belfry_ingest_store_up",
                                 "1 if the store answered the last probe, else 0.")),
      registry_(registry) {}

void IngestMetrics::CountCall(Transport transport, std::string_view method, Code code) {
  const MutexLock lock(mutex_);
  auto& [made, counter] = calls_[{transport, std::string(method)}][static_cast<std::size_t>(code)];
  if (!made) {
    counter = registry_.AddCounter("belfry_ingest_calls_total", "Calls that have ended.",
                                   {{"transport", Name(transport)},
                                    {"method", std::string(method)},
                                    {"code", std::string(CodeName(code))}});
    made = true;
  }
  counter.Add();
}

void IngestMetrics::CountItem(Transport transport, Code code) {
  const MutexLock lock(mutex_);
  auto& [made, counter] =
      items_[static_cast<std::size_t>(transport)][static_cast<std::size_t>(code)];
  if (!made) {
    counter = registry_.AddCounter(
        "belfry_ingest_items_total", "Notifications that have been answered.",
        {{"transport", Name(transport)}, {"code", std::string(CodeName(code))}});
    made = true;
  }
  counter.Add();
}

void IngestMetrics::CountAuthFailure(const std::string& reason) {
  const MutexLock lock(mutex_);
  auto found = auth_failures_.find(reason);
  if (found == auth_failures_.end()) {
    const Counter counter =
        registry_.AddCounter("belfry_ingest_auth_failures_total",
                             "Calls whose API key or scope was refused.", {{"reason", reason}});
    found = auth_failures_.emplace(reason, counter).first;
  }
  found->second.Add();
}

void IngestMetrics::CountRateLimited(const std::string& key_id) {
  const MutexLock lock(mutex_);
  auto found = rate_limited_.find(key_id);
  if (found == rate_limited_.end()) {
    const std::string label = rate_limited_.size() < kRateLimitedKeysMax ? key_id : "other";
    found = rate_limited_.find(label);
    if (found == rate_limited_.end()) {
      const Counter counter =
          registry_.AddCounter("belfry_ingest_rate_limited_total",
                               "Notifications and other requests refused because their "
                               "API key was over its rate.",
                               {{"key", label}});
      found = rate_limited_.emplace(label, counter).first;
    }
  }
  found->second.Add();
}

void IngestMetrics::CountReload(bool ok) {
  registry_
      .AddCounter("belfry_ingest_api_keys_reloads_total",
                  "Times the file of API keys was read again.", {{"result", ok ? "ok" : "error"}})
      .Add();
}

}  // namespace belfry::ingest
