// SPDX-License-Identifier: Apache-2.0
// What ingest counts; docs/metrics/ingest.md explains each. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "services/ingest/core/appender.h"

namespace belfry::ingest {

// How a producer reaches us.
enum class Transport { kGrpc, kRest };

class IngestMetrics {
 public:
  explicit IngestMetrics(Metrics& registry);

  // A call has ended: `method` is gRPC's name, "Notify", also where it came over REST.
  void CountCall(Transport transport, std::string_view method, Code code);
  // One notification has been answered.
  void CountItem(Transport transport, Code code);
  // Credentials or scope were refused, for wire::ApiKeys' reason or "SCOPE_MISSING".
  void CountAuthFailure(const std::string& reason);
  // The key's limit was reached. Ids beyond the first 100 are counted as "other".
  void CountRateLimited(const std::string& key_id);
  void CountReload(bool ok);

  AppenderMetrics appender;
  Counter call_retries;
  Gauge in_flight_items;
  Gauge in_flight_bytes;
  Gauge streams;
  Gauge store_up;

 private:
  // A counter of a family with one label that varies, made when it first counts.
  using Cache = std::map<std::string, Counter, std::less<>>;
  using ByCode = std::array<std::pair<bool, Counter>, 17>;

  Metrics& registry_;
  Mutex mutex_;
  std::map<std::pair<Transport, std::string>, ByCode> calls_ BELFRY_GUARDED_BY(mutex_);
  std::array<ByCode, 2> items_ BELFRY_GUARDED_BY(mutex_);
  Cache auth_failures_ BELFRY_GUARDED_BY(mutex_);
  Cache rate_limited_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::ingest
