// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/nats/nats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/nats_server.h"
#include "tests/support/nats_users.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using belfry::test::NatsServer;
using belfry::test::TempDir;
using belfry::test::WaitUntil;
using belfry::test::WriteNatsUsers;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

// What a subscriber received.
class Received {
 public:
  void Add(std::string_view subject, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    messages_.emplace_back(subject, bytes);
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  bool Has(const std::string& subject, const std::string& bytes) const {
    const std::lock_guard lock(mutex_);
    return std::find(messages_.begin(), messages_.end(), std::pair(subject, bytes)) !=
           messages_.end();
  }
  std::vector<std::pair<std::string, std::string>> all() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> messages_;  // guarded by mutex_
};

class NatsTest : public ::testing::Test {
 protected:
  NatsServer server;

  std::unique_ptr<NatsPublisher> StartPublisher(std::string url = {}) {
    auto started = NatsPublisher::Start(Options(std::move(url)), Log());
    EXPECT_TRUE(started.ok());
    return *std::move(started);
  }
  std::unique_ptr<NatsSubscriber> StartSubscriber(Received* received, std::string url = {}) {
    auto started = NatsSubscriber::Start(
        Options(std::move(url)), "belfry.v1.>",
        [received](std::string_view subject, std::string_view bytes) {
          received->Add(subject, bytes);
        },
        Log());
    EXPECT_TRUE(started.ok());
    return *std::move(started);
  }
  // Publishes until the subscriber has one: a connection is made before its subscription is.
  static bool Reaches(NatsPublisher* publisher, const Received& received,
                      const std::string& bytes) {
    return WaitUntil([&] {
      if (received.Has("belfry.v1.log.0", bytes)) {
        return true;
      }
      static_cast<void>(publisher->Publish("belfry.v1.log.0", bytes).ok());
      return false;
    });
  }

 private:
  NatsOptions Options(std::string url) const {
    return {.url = url.empty() ? server.url() : std::move(url),
            .name = "belfry-test",
            .tls_ca = {},
            .tls_cert = {},
            .tls_key = {}};
  }
};

TEST_F(NatsTest, DeliversSubjectsAndBytesAsTheyAreInOrder) {
  server.Start();
  Received received;
  const auto publisher = StartPublisher();
  const auto subscriber = StartSubscriber(&received);
  ASSERT_TRUE(WaitUntil([&] { return publisher->connected() && subscriber->connected(); }));
  ASSERT_TRUE(Reaches(publisher.get(), received, "first"));
  EXPECT_EQ(publisher->connects(), 1U);
  const std::size_t before = received.size();

  std::vector<std::pair<std::string, std::string>> sent;
  sent.emplace_back("belfry.v1.head.3", "");
  sent.emplace_back("belfry.v1.log.3", std::string("\0\r\n\xFF", 4));
  sent.emplace_back("belfry.v1.log.4", std::string(300'000, 'x'));
  for (int i = 0; i < 1'000; ++i) {
    sent.emplace_back("belfry.v1.log.5", std::to_string(i));
  }
  for (const auto& [subject, bytes] : sent) {
    ASSERT_TRUE(publisher->Publish(subject, bytes).ok());
  }
  ASSERT_TRUE(publisher->Publish("other.subject", "not for us").ok());
  ASSERT_TRUE(publisher->Publish("belfry.v1.end", "").ok());
  ASSERT_TRUE(WaitUntil([&] { return received.Has("belfry.v1.end", ""); }));
  auto all = received.all();
  ASSERT_FALSE(all.empty());
  all.pop_back();
  // Repeats of "first" may come late, before everything else.
  std::size_t skip = before;
  while (skip < all.size() && all[skip].second == "first") {
    ++skip;
  }
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(skip));
  EXPECT_EQ(all, sent);
}

TEST_F(NatsTest, AMessageDoesNotWaitForCnatsFlusher) {
  server.Start();
  Received received;
  const auto publisher = StartPublisher();
  const auto subscriber = StartSubscriber(&received);
  ASSERT_TRUE(Reaches(publisher.get(), received, "first"));
  auto fastest = steady_clock::duration::max();
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = "m" + std::to_string(i);
    const auto start = steady_clock::now();
    ASSERT_TRUE(publisher->Publish("belfry.v1.log.0", bytes).ok());
    while (!received.Has("belfry.v1.log.0", bytes)) {
      ASSERT_LT(steady_clock::now() - start, seconds(20));
      std::this_thread::yield();
    }
    fastest = std::min(fastest, steady_clock::now() - start);
  }
  EXPECT_LT(fastest, milliseconds(1));  // which the flusher would wait for more to send
}

TEST_F(NatsTest, AnAbsentServerFailsNothingAndIsFoundWhenItComes) {
  Received received;
  const auto start = steady_clock::now();
  const auto publisher = StartPublisher();
  const auto subscriber = StartSubscriber(&received);
  EXPECT_LT(steady_clock::now() - start, seconds(10));
  EXPECT_FALSE(publisher->connected());
  const Status status = publisher->Publish("belfry.v1.log.0", "lost");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_THAT(status.error().message, HasSubstr("publish 4 bytes on belfry.v1.log.0"));
  EXPECT_EQ(publisher->connects(), 0U);

  server.Start();
  ASSERT_TRUE(WaitUntil([&] { return publisher->connected() && subscriber->connected(); }));
  EXPECT_TRUE(Reaches(publisher.get(), received, "found"));
  EXPECT_FALSE(received.Has("belfry.v1.log.0", "lost"));
  EXPECT_EQ(publisher->connects(), 1U);
}

TEST_F(NatsTest, ARestartedServerIsFoundAgainAndNothingIsKeptMeanwhile) {
  server.Start();
  Received received;
  const auto publisher = StartPublisher();
  const auto subscriber = StartSubscriber(&received);
  ASSERT_TRUE(Reaches(publisher.get(), received, "before"));
  for (std::uint64_t round = 1; round <= 3; ++round) {
    server.Kill();
    ASSERT_TRUE(WaitUntil([&] { return !publisher->connected() && !subscriber->connected(); }));
    for (int i = 0; i < 100; ++i) {
      const Status status = publisher->Publish("belfry.v1.log.0", "down");
      ASSERT_FALSE(status.ok());
      ASSERT_EQ(status.error().code, Code::kUnavailable);
    }
    server.Start();
    ASSERT_TRUE(WaitUntil([&] { return publisher->connected() && subscriber->connected(); }));
    EXPECT_TRUE(Reaches(publisher.get(), received, "after " + std::to_string(round)));
    EXPECT_EQ(publisher->connects(), round + 1);
  }
  EXPECT_FALSE(received.Has("belfry.v1.log.0", "down"));
}

TEST_F(NatsTest, AFrozenServerIsNoticedAndHoldsUpAPublisherBriefly) {
  server.Start();
  Received received;
  const auto publisher = StartPublisher();
  const auto subscriber = StartSubscriber(&received);
  ASSERT_TRUE(Reaches(publisher.get(), received, "before"));
  server.Pause();
  const std::string large(500'000, 'x');
  milliseconds slowest{0};
  ASSERT_TRUE(WaitUntil([&] {
    const auto start = steady_clock::now();
    const bool sent = publisher->Publish("belfry.v1.log.0", large).ok();
    slowest =
        std::max(slowest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - start));
    return !sent;
  }));
  EXPECT_LT(slowest, seconds(10));
  server.Resume();
  ASSERT_TRUE(WaitUntil([&] { return publisher->connected() && subscriber->connected(); }));
  EXPECT_TRUE(Reaches(publisher.get(), received, "after"));
}

TEST_F(NatsTest, AMessageTooLargeForTheServerIsRefusedForGood) {
  server.Start();
  const auto publisher = StartPublisher();
  ASSERT_TRUE(WaitUntil([&] { return publisher->connected(); }));
  const Status status = publisher->Publish("belfry.v1.log.0", std::string(2'000'000, 'x'));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_TRUE(publisher->Publish("belfry.v1.log.0", "small").ok());
}

TEST_F(NatsTest, CredentialsInTheUrlAreUsedAndWrongOnesTriedForEver) {
  NatsServer guarded({"--user", "u", "--pass", "p"});
  const std::string at = "@127.0.0.1:" + std::to_string(guarded.port());
  guarded.Start();
  Received received;
  const auto publisher = StartPublisher("nats://u:p" + at);
  const auto subscriber = StartSubscriber(&received, "nats://u:p" + at);
  EXPECT_TRUE(Reaches(publisher.get(), received, "in"));

  const auto refused = StartPublisher("nats://u:wrong" + at);
  EXPECT_FALSE(WaitUntil([&] { return refused->connected(); }, seconds(3)));
  EXPECT_FALSE(refused->Publish("belfry.v1.log.0", "x").ok());
  // The operator lets it in: no restart of ours is needed.
  guarded.Kill();
  guarded.set_arguments({});
  guarded.Start();
  EXPECT_TRUE(WaitUntil([&] { return refused->connected(); }));
}

// Whatever a generator of passwords makes.
TEST_F(NatsTest, CredentialsMayHaveAnyCharacter) {
  const TempDir dir;
  const std::string password = "p/w@r%d:#?";
  dir.Write("nats-users.conf",
            "authorization { users = [ { user: \"a@b\", password: \"" + password + "\" } ] }");
  NatsServer guarded({"-c", (dir.path() / "nats-users.conf").string()});
  guarded.Start();
  const std::string at = "@127.0.0.1:" + std::to_string(guarded.port());
  for (const std::string& url :
       {"nats://a%40b:p%2Fw%40r%25d%3A%23%3F" + at, "nats://a%40b:p/w@r%25d:#?" + at}) {
    const auto publisher = StartPublisher(url);
    EXPECT_TRUE(WaitUntil([&] { return publisher->connected(); })) << url;
  }
  NatsOptions options;
  options.url = guarded.url();
  options.name = "file";
  options.credentials_file = dir.Write("credentials.txt", "a@b:" + password + "\n");
  auto by_file = NatsPublisher::Start(options, Log());
  ASSERT_TRUE(by_file.ok());
  EXPECT_TRUE(WaitUntil([&] { return (*by_file)->connected(); }));

  std::filesystem::permissions(options.credentials_file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  by_file = NatsPublisher::Start(options, Log());
  ASSERT_FALSE(by_file.ok());
  EXPECT_EQ(by_file.error().code, Code::kInvalidArgument);
  EXPECT_THAT(by_file.error().message, HasSubstr("chmod 600"));
  options.credentials_file = dir.Write("none.txt", "hunter2\n");
  by_file = NatsPublisher::Start(options, Log());
  ASSERT_FALSE(by_file.ok());
  EXPECT_THAT(by_file.error().message, HasSubstr("user:password"));
  EXPECT_THAT(by_file.error().message, Not(HasSubstr("hunter2")));
}

TEST_F(NatsTest, AUserMayDoWhatItIsPermittedAndIsToldWhatNot) {
  const TempDir dir;
  WriteNatsUsers(dir);
  NatsServer guarded({"-c", (dir.path() / "nats-users.conf").string()});
  guarded.Start();
  const auto options = [&](const std::string& file) {
    return NatsOptions{.url = guarded.url(),
                       .name = file,
                       .tls_ca = {},
                       .tls_cert = {},
                       .tls_key = {},
                       .credentials_file = (dir.path() / file).string()};
  };
  Received received;
  const auto take = [&received](std::string_view subject, std::string_view bytes) {
    received.Add(subject, bytes);
  };
  const auto store = NatsPublisher::Start(options("nats-store.txt"), Log());
  const auto edge = NatsSubscriber::Start(options("nats-edge.txt"), "belfry.v1.>", take, Log());
  ASSERT_TRUE(store.ok() && edge.ok());
  ASSERT_TRUE(Reaches(store->get(), received, "from the store"));
  EXPECT_EQ((*store)->trouble(), "");
  EXPECT_EQ((*edge)->trouble(), "");

  // An edge that speaks, a store that listens, a store on others' subjects.
  const auto speaking = NatsPublisher::Start(options("nats-edge.txt"), Log());
  ASSERT_TRUE(WaitUntil([&] { return (*speaking)->connected(); }));
  ASSERT_TRUE((*speaking)->Publish("belfry.v1.log.0", "from an edge").ok());
  EXPECT_TRUE(WaitUntil([&] {
    return (*speaking)->trouble().find("Permissions Violation for Publish") != std::string::npos;
  })) << (*speaking)->trouble();
  const auto listening =
      NatsSubscriber::Start(options("nats-store.txt"), "belfry.v1.>", take, Log());
  EXPECT_TRUE(WaitUntil([&] {
    return (*listening)->trouble().find("Permissions Violation for Subscription") !=
           std::string::npos;
  })) << (*listening)->trouble();
  ASSERT_TRUE((*store)->Publish("other.subject", "x").ok());
  EXPECT_TRUE(WaitUntil([&] { return !(*store)->trouble().empty(); }));
  ASSERT_TRUE(Reaches(store->get(), received, "still permitted"));
  EXPECT_FALSE(received.Has("belfry.v1.log.0", "from an edge"));
}

TEST_F(NatsTest, SaysWhyTheServerRefusesIt) {
  const TempDir dir;
  WriteNatsUsers(dir);
  NatsServer guarded({"-c", (dir.path() / "nats-users.conf").string()});
  guarded.Start();
  const auto refused = StartPublisher(guarded.url());  // of nobody
  EXPECT_TRUE(WaitUntil([&] { return refused->trouble() == "Authorization Violation"; }))
      << refused->trouble();
  EXPECT_FALSE(refused->connected());
  // The operator takes the users away: it connects, and all is well.
  guarded.Kill();
  guarded.set_arguments({});
  guarded.Start();
  ASSERT_TRUE(WaitUntil([&] { return refused->connected(); }));
  EXPECT_EQ(refused->trouble(), "");
  // And back, under a connection that is there.
  guarded.Kill();
  guarded.set_arguments({"-c", (dir.path() / "nats-users.conf").string()});
  guarded.Start();
  EXPECT_TRUE(WaitUntil([&] { return refused->trouble() == "Authorization Violation"; }))
      << refused->trouble();
}

TEST_F(NatsTest, MalformedUrlsAreMistakesThatShowNoPassword) {
  for (const char* url :
       {"", "127.0.0.1:4222", "http://127.0.0.1:4222", "nats://", "nats://:4222", "nats://h:0",
        "nats://h:65536", "nats://h:x", "nats://hunter2:hunter2@", "nats://h:1,nats://g:2",
        "nats://h:1/x", "nats://::1:4222", "nats://hunter2:hunter2%zz@h:1", "nats://:hunter2@h:1",
        "nats://@h:1", "tls://h:1"}) {
    const auto publisher = NatsPublisher::Start({url, "n", {}, {}, {}}, Log());
    ASSERT_FALSE(publisher.ok()) << url;
    EXPECT_EQ(publisher.error().code, Code::kInvalidArgument);
    EXPECT_EQ(publisher.error().message.find("hunter2"), std::string::npos);
    EXPECT_FALSE(NatsSubscriber::Start(
                     {url, "n", {}, {}, {}}, "s", [](std::string_view, std::string_view) {}, Log())
                     .ok());
  }
}

TEST_F(NatsTest, UnreadableTlsFilesAreMistakes) {
  const auto publisher =
      NatsPublisher::Start({server.url(), "n", "/nonexistent/ca.pem", {}, {}}, Log());
  ASSERT_FALSE(publisher.ok());
  EXPECT_EQ(publisher.error().code, Code::kInvalidArgument);
  EXPECT_THAT(publisher.error().message, HasSubstr("/nonexistent/ca.pem"));
}

TEST_F(NatsTest, NoMessageIsDeliveredAfterTheSubscriberIsGone) {
  server.Start();
  const auto publisher = StartPublisher();
  ASSERT_TRUE(WaitUntil([&] { return publisher->connected(); }));
  std::atomic<bool> stop = false;
  std::thread traffic([&] {
    while (!stop) {
      static_cast<void>(publisher->Publish("belfry.v1.log.0", std::string(300, 'x')).ok());
    }
  });
  for (int round = 0; round < 20; ++round) {
    auto received = std::make_unique<Received>();
    auto subscriber = StartSubscriber(received.get());
    ASSERT_TRUE(WaitUntil([&] { return received->size() > 10; }));
    subscriber.reset();
    received.reset();  // a late message would be a use after free
  }
  stop = true;
  traffic.join();
}

TEST_F(NatsTest, EndingWhileTheServerIsAbsentOrFrozenDoesNotHang) {
  Received received;
  {
    const auto publisher = StartPublisher();
    const auto subscriber = StartSubscriber(&received);
  }
  server.Start();
  auto publisher = StartPublisher();
  auto subscriber = StartSubscriber(&received);
  ASSERT_TRUE(Reaches(publisher.get(), received, "before"));
  server.Pause();
  const auto start = steady_clock::now();
  publisher.reset();
  subscriber.reset();
  EXPECT_LT(steady_clock::now() - start, seconds(10));
  server.Resume();
}

}  // namespace
}  // namespace belfry::wire
