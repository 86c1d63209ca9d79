// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/wire/auth/api_keys.h"
#include "tests/integration/ingest/fixture.h"
#include "tests/support/temp_dir.h"

namespace belfry::ingest {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class NoStore final : public StoreLink {
 public:
  std::shared_ptr<AppendCall> NewCall() override { return nullptr; }
};

class NoInboxes final : public InboxLink {
 public:
  void Update(const StateUpdate&, Duration, std::function<void(Result<StateUpdated>)>) override {}
  void List(const ListQuery&, Duration, std::function<void(Result<ListPage>)>) override {}
};

// Notes the threads that ask it.
class NoAudiences final : public AudienceLink {
 public:
  void Update(const AudienceUpdate&, const ItemContent*, Duration,
              std::function<void(Result<AudienceUpdated>)> done) override {
    asked_by.push_back(std::this_thread::get_id());
    done(Fail(Code::kFailedPrecondition, "no"));
  }
  void Read(const AudienceQuery&, Duration, std::function<void(Result<AudiencePage>)>) override {}

  std::vector<std::thread::id> asked_by;
};

class AuditLines final : public AuditSink {
 public:
  void Write(std::string line) override {
    const MutexLock lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() {
    const MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ BELFRY_GUARDED_BY(mutex_);
};

// What a RestServer needs, around no store.
struct Parts {
  Parts() {
    dir.Write("keys.json", wire::ApiKeysJson({key.key}));
    keys = *KeyRing::Open(dir.path() / "keys.json");
    publisher = std::make_unique<Publisher>(Publisher::Parts{
        *keys, rate_limiter, in_flight, appender, metrics, clock, {}, nullptr, &audit});
    inbox = std::make_unique<Inbox>(*publisher, inboxes, retries);
    audience = std::make_unique<Audience>(*publisher, audiences, retries);
    auto started = RestServer::Start("127.0.0.1:0", http::ServerLimits(), RestLimits(), *inbox,
                                     *audience, registry, Log());
    EXPECT_TRUE(started.ok());
    server = std::move(*started);
  }

  const test::TempDir dir;
  const wire::NewApiKey key = wire::MakeApiKey("k", "demo", true, true, true, true);
  std::unique_ptr<KeyRing> keys;
  AuditLines audit;
  ManualClock clock{1'700'000'000'000'000};
  Metrics registry;
  IngestMetrics metrics{registry};
  RateLimiter rate_limiter{{0, 1}};
  InFlight in_flight{{}};
  NoStore store;
  Appender appender{BatchLimits{}, store, clock, metrics.appender};
  NoInboxes inboxes;
  NoAudiences audiences;
  Retries retries{clock, Counter()};
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<Inbox> inbox;
  std::unique_ptr<Audience> audience;
  std::unique_ptr<RestServer> server;
};

std::string BulkOf(int users, const Parts& parts) {
  std::string body = "{\"users\":[";
  for (int i = 0; i < users; ++i) {
    body += (i == 0 ? "" : ",") + std::string("{\"userId\":\"u") + std::to_string(i) +
            "\",\"attributes\":{\"note\":\"" + std::string(100, 'x') + "\"}}";
  }
  body += "]}";
  return "POST /v1/users/bulk HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
         "Content-Type: application/json\r\nAuthorization: Bearer " +
         parts.key.text + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Others wait while the server's thread parses: it parses small bodies only.
TEST(RestServer, LargeBodiesAreHandledOnThreadsOfTheirOwn) {
  Parts parts;
  for (const int users : {1, 1'000, 1}) {
    EXPECT_EQ(Exchange(parts.server->port(), BulkOf(users, parts)).substr(9, 3), "422") << users;
  }
  ASSERT_EQ(parts.audiences.asked_by.size(), 3u);
  EXPECT_EQ(parts.audiences.asked_by[0], parts.audiences.asked_by[2]);
  EXPECT_NE(parts.audiences.asked_by[0], parts.audiences.asked_by[1]);
}

TEST(RestServer, AuditsWhatIsChangedAndWhatIsRefused) {
  Parts parts;
  const std::string bulk = BulkOf(2, parts);
  Exchange(parts.server->port(), bulk);
  std::string stranger = bulk;
  stranger.replace(stranger.find(parts.key.text), parts.key.text.size(),
                   std::string(parts.key.text.size(), 'x'));
  Exchange(parts.server->port(), stranger);
  Exchange(parts.server->port(),
           "GET /v1/users/alice/counts HTTP/1.1\r\nHost: a\r\n"
           "Authorization: Bearer nobody.secret\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(test::WaitUntil([&] { return parts.audit.lines().size() == 3; }));
  const std::vector<std::string> lines = parts.audit.lines();
  EXPECT_THAT(lines[0], HasSubstr("\"transport\":\"rest\",\"method\":\"POST /v1/users/bulk\","
                                  "\"peer\":\"127.0.0.1\",\"key\":\"k\",\"project\":\"demo\","
                                  "\"targets\":[\"user:u0\",\"user:u1\"],\"targetCount\":2,"
                                  "\"ids\":[],\"accepted\":0,\"refused\":1,"));
  EXPECT_THAT(lines[0], Not(HasSubstr("xxx"))) << "no attributes";
  EXPECT_THAT(lines[1], AllOf(Not(HasSubstr("\"key\"")), HasSubstr("\"refused\":1,\"reason\":")));
  EXPECT_THAT(lines[2], HasSubstr("\"reason\":\"UNKNOWN_API_KEY\""));
  for (const std::string& line : lines) {
    EXPECT_THAT(line, Not(HasSubstr(parts.key.text.substr(2)))) << "no secret";
  }
}

TEST(Publisher, BoundsTheBytesOfEachKey) {
  Parts parts;
  RateLimiter byte_rate({.per_second = 1'000, .burst = 2'000, .what = "bytes"});
  const Publisher publisher({*parts.keys,
                             parts.rate_limiter,
                             parts.in_flight,
                             parts.appender,
                             parts.metrics,
                             parts.clock,
                             {},
                             &byte_rate});
  const auto publish = [&](const std::string& key_id) {
    PublishRequest wanted;
    wanted.notification.set_user_id("alice");
    wanted.notification.set_title("t");
    wanted.notification.set_body(std::string(1'500, 'b'));
    Caller caller;
    caller.key_id = key_id;
    caller.project = "demo";
    caller.may_notify = true;
    return publisher.Content(caller, std::move(wanted), FieldNames::Rest());
  };
  ASSERT_TRUE(publish("k").ok());
  const auto refused = publish("k");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "RATE_LIMITED");
  EXPECT_GT(refused.error().retry_after->count(), 0);
  EXPECT_TRUE(publish("another").ok());
  parts.clock.Advance(std::chrono::seconds(2));
  EXPECT_TRUE(publish("k").ok());
}

TEST(RestServer, MayBeShutDownAgain) {
  const Parts parts;
  // The second time its thread has ended, and nobody answers how many connections are open.
  parts.server->Shutdown(std::chrono::milliseconds(50));
  parts.server->Shutdown(std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace belfry::ingest
