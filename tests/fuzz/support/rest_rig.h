// SPDX-License-Identifier: Apache-2.0
// The REST port's handler with everything behind it but the network and the store, which takes what
// it is given. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/metrics.h"
#include "libs/http/message.h"
#include "services/ingest/core/retries.h"
#include "services/ingest/core/store_link.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/inbox.h"
#include "services/ingest/publish/publisher.h"
#include "services/ingest/rest/rest_api.h"

namespace belfry::fuzz {

class RestRig {
 public:
  RestRig();
  ~RestRig();
  RestRig(const RestRig&) = delete;
  RestRig& operator=(const RestRig&) = delete;

  struct Outcome {
    http::Response response;
    std::vector<ingest::ItemContent> stored;  // in the order of storing, ids from 1 on
    std::vector<AudienceUpdate> updates;      // in their order
    std::vector<ingest::ItemContent> items;   // of those that notify a segment
  };
  // Asks with a key of the project "demo" that may do everything, at the time kNowUs.
  Outcome Post(std::string path, std::string body,
               std::vector<std::pair<std::string, std::string>> more_headers);
  Outcome Ask(http::Request request);

  static constexpr std::int64_t kNowUs = 1'700'000'000'000'000;

 private:
  class Store;
  class Call;
  class Inboxes;
  class Audiences;

  ManualClock clock_{kNowUs};
  Metrics registry_;
  ingest::IngestMetrics metrics_{registry_};
  std::string authorization_;
  std::unique_ptr<ingest::KeyRing> keys_;
  ingest::RateLimiter rate_limiter_{{0, 1}};
  ingest::InFlight in_flight_{{}};
  std::unique_ptr<Store> store_;
  std::unique_ptr<ingest::Appender> appender_;
  std::optional<ingest::Publisher> publisher_;
  ingest::Retries retries_{clock_, Counter()};
  std::unique_ptr<Inboxes> inboxes_;
  std::unique_ptr<Audiences> audiences_;
  std::optional<ingest::Inbox> inbox_;
  std::optional<ingest::Audience> audience_;
  std::optional<ingest::RestApi> api_;
};

}  // namespace belfry::fuzz
