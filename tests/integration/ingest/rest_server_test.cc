// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_server.h"

#include <gtest/gtest.h>

#include <utility>

#include "libs/common/clock.h"
#include "libs/wire/auth/api_keys.h"
#include "tests/support/temp_dir.h"

namespace belfry::ingest {
namespace {

class NoStore final : public StoreLink {
 public:
  std::shared_ptr<AppendCall> NewCall() override { return nullptr; }
};

class NoInboxes final : public InboxLink {
 public:
  void Update(const StateUpdate&, Duration, std::function<void(Result<StateUpdated>)>) override {}
  void List(const ListQuery&, Duration, std::function<void(Result<ListPage>)>) override {}
};

class NoAudiences final : public AudienceLink {
 public:
  void Update(const AudienceUpdate&, const ItemContent*, Duration,
              std::function<void(Result<AudienceUpdated>)>) override {}
  void Read(const AudienceQuery&, Duration, std::function<void(Result<AudiencePage>)>) override {}
};

TEST(RestServer, MayBeShutDownAgain) {
  const test::TempDir dir;
  dir.Write("keys.json", wire::ApiKeysJson({wire::MakeApiKey("k", "demo", true, true).key}));
  const auto keys = KeyRing::Open(dir.path() / "keys.json");
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  ManualClock clock(1'700'000'000'000'000);
  Metrics registry;
  IngestMetrics metrics(registry);
  RateLimiter rate_limiter({0, 1});
  InFlight in_flight({});
  NoStore store;
  Appender appender(BatchLimits{}, store, clock, metrics.appender);
  Publisher publisher({**keys, rate_limiter, in_flight, appender, metrics, clock, {}});
  NoInboxes inboxes;
  Retries retries(clock, Counter());
  Inbox inbox(publisher, inboxes, retries);
  NoAudiences audiences;
  Audience audience(publisher, audiences, retries);
  auto server = RestServer::Start("127.0.0.1:0", http::ServerLimits(), RestLimits(), inbox,
                                  audience, registry, Log());
  ASSERT_TRUE(server.ok()) << server.error().ToString();
  // The second time its thread has ended, and nobody answers how many connections are open.
  (*server)->Shutdown(std::chrono::milliseconds(50));
  (*server)->Shutdown(std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace belfry::ingest
