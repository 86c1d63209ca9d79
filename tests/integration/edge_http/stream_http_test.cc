// SPDX-License-Identifier: Apache-2.0
// Streams over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/common/revocation.h"
#include "tests/integration/edge_http/edge.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(EdgeTest, AStreamSaysWhatTheContractSays) {
  Start();
  Client client;
  Connect(client, "alice");
  EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("\r\nContent-Type: text/event-stream; charset=utf-8\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("\r\nCache-Control: no-cache, no-transform\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("\r\nX-Accel-Buffering: no\r\n"));
  EXPECT_THAT(client.head(), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(client.head(), Not(HasSubstr("Access-Control")));
  EXPECT_THAT(client.body(), StartsWith(": belfry\nretry: "));
  ASSERT_TRUE(client.retry().has_value());
  EXPECT_GE(*client.retry(), milliseconds(500));
  EXPECT_LE(*client.retry(), milliseconds(1'500));
  EXPECT_THAT(client.DataOf("connected"), HasSubstr(R"("userId":"alice")"));
  EXPECT_THAT(client.DataOf("connected"), HasSubstr(R"("upTo":"1000")"));
  EXPECT_EQ(client.last_event_id(), "1000");

  const EntryId first = Notify("alice");
  Notify("bob");
  Broadcast();
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == 2; }));
  EXPECT_EQ(client.Told().front(), first);
  EXPECT_EQ(client.last_event_id(), std::to_string(client.Told().back()));
}

TEST_F(EdgeTest, AStreamThatTheEdgeEndsHasTheLastChunk) {
  Start();
  Client client;
  Connect(client, "alice");
  std::jthread drain([&] { cores->Drain(milliseconds(0)); });
  EXPECT_TRUE(client.ReadToEnd());
  EXPECT_EQ(client.Count("bye"), 1);
  EXPECT_TRUE(client.whole());
}

TEST_F(EdgeTest, AStreamThatIsCutHasNoLastChunk) {
  Start();
  Client client;
  Connect(client, "alice");
  cores.reset();  // as when the process ends without a drain
  EXPECT_TRUE(client.ReadToEnd());
  EXPECT_FALSE(client.whole());
}

TEST_F(EdgeTest, AStreamToHttp10EndsWithTheConnection) {
  Start();
  Client client;
  client.Open(cores->port(),
              "GET /v1/stream HTTP/1.0\r\nAuthorization: Bearer " + Token("alice") + "\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; })) << client.head();
  EXPECT_THAT(client.head(), Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(client.body(), StartsWith(": belfry\nretry: "));
  Notify("alice");
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == 1; }));
  std::jthread drain([&] { cores->Drain(milliseconds(0)); });
  EXPECT_TRUE(client.ReadToEnd());
  EXPECT_EQ(client.Count("bye"), 1);
  EXPECT_THAT(client.body(), Not(HasSubstr("\r")));
}

TEST_F(EdgeTest, AClientResumesWhereItWas) {
  Start();
  Client client;
  Connect(client, "alice");
  const EntryId first = Notify("alice");
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == 1; }));
  const std::string cursor = client.last_event_id();
  client.Close();
  const EntryId second = Notify("alice");
  const EntryId third = Notify("alice");
  Connect(client, "alice", cursor);
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == 2; }));
  EXPECT_THAT(client.Told(), ElementsAre(second, third));
  // The same by query, from before all.
  client.Open(cores->port(), Get("/v1/stream?lastEventId=1000", Token("alice")));
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == 3; }));
  EXPECT_THAT(client.Told(), ElementsAre(first, second, third));
}

TEST_F(EdgeTest, AnUnknownCursorIsResetInBand) {
  Start();
  Client client;
  Open(client, "alice", "99999999999999999999");
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("reset") == 1; }));
  EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(client.DataOf("reset"), HasSubstr(R"("reason":"cursor_ahead")"));
  const EntryId next = Notify("alice");
  ASSERT_TRUE(client.ReadUntil([&] { return !client.Told().empty(); }));
  EXPECT_THAT(client.Told(), ElementsAre(next));
}

TEST_F(EdgeTest, TheFirstBytesLeaveAtOnceAndConnectedFollowsTheStore) {
  options.streams.heartbeat = milliseconds(50);
  Start();
  store.SetAway(true);
  Client client;
  Open(client, "alice");
  ASSERT_TRUE(client.ReadUntil([&] { return client.body().find(": hb\n") != std::string::npos; }));
  EXPECT_EQ(client.Count("connected"), 0);
  EXPECT_TRUE(Eventually([&] { return Metric("belfry_edge_catch_up_failures_total") >= 2; }));
  store.SetAway(false);
  EXPECT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  EXPECT_THAT(client.body(), Not(HasSubstr(": hb\n\n"))) << "one line and no empty one";
}

TEST_F(EdgeTest, ASlowReaderGetsEverythingOnceAndInOrderWhenItReadsAgain) {
  options.streams.queue_bytes_max = 64 * 1024;
  Start();
  Client slow, quick;
  Open(slow, "alice", "1000", 4'096);
  Connect(quick, "alice", "1000");
  std::vector<EntryId> ids;
  const std::string payload(1'000, 'x');
  // More than the kernel's buffers and the queue hold together.
  for (int i = 0; i < 12'000; ++i) {
    ids.push_back(Notify("alice", payload));
    if (i % 100 == 0) {
      quick.ReadSome();
    }
  }
  const auto has_all = [&](Client& client) {
    return [&] { return client.last_event_id() == std::to_string(ids.back()); };
  };
  EXPECT_TRUE(quick.ReadUntil(has_all(quick)));
  EXPECT_TRUE(
      Eventually([&] { return Metric("belfry_edge_catch_ups_total{cause=\"overflow\"}") >= 0; }));
  EXPECT_TRUE(slow.ReadUntil(has_all(slow)));
  EXPECT_EQ(slow.Told(), ids);
  EXPECT_EQ(quick.Told(), ids);
  EXPECT_GE(Metric("belfry_edge_catch_ups_total{cause=\"overflow\"}"), 1);
}

TEST_F(EdgeTest, TheCapPerUserHoldsOverAllCores) {
  Start();
  std::array<Client, 8> clients;
  for (Client& client : clients) {
    Connect(client, "alice");
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(clients[i].ReadToEnd());
    EXPECT_EQ(clients[i].DataOf("bye"), R"({"reason":"evicted"})");
    EXPECT_EQ(clients[i].events().back().retry, milliseconds(600'000));
  }
  const EntryId id = Notify("alice");
  for (std::size_t i = 3; i < clients.size(); ++i) {
    EXPECT_TRUE(clients[i].ReadUntil([&] { return !clients[i].Told().empty(); }));
    EXPECT_THAT(clients[i].Told(), ElementsAre(id));
  }
  EXPECT_TRUE(Eventually([&] { return cores->stats().streams == 5; }));
}

TEST_F(EdgeTest, TheProcessCapHoldsOverAllCoresAndIsReportedInBand) {
  options.streams.streams_max = 4;
  Start();
  std::array<Client, 10> clients;
  int overloaded = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Open(clients[i], "user" + std::to_string(i));
    ASSERT_TRUE(clients[i].ReadUntil(
        [&] { return clients[i].Count("connected") + clients[i].Count("bye") == 1; }));
    EXPECT_THAT(clients[i].head(), StartsWith("HTTP/1.1 200"));
    overloaded += clients[i].DataOf("bye") == R"({"reason":"overloaded"})" ? 1 : 0;
  }
  EXPECT_EQ(overloaded, 6);
  EXPECT_EQ(Metric("belfry_edge_streams_refused_total{limit=\"process\"}"), 6);
}

TEST_F(EdgeTest, TheCapPerAddressCountsWhatATrustedProxySays) {
  options.streams.per_address_max = 1;
  options.trusted_proxies = {"127.0.0.0/8"};
  Start();
  std::array<Client, 3> clients;
  const std::array<const char*, 3> from = {"9.9.9.1", "9.9.9.2", "6.6.6.6, 9.9.9.1"};
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].Open(cores->port(), Get("/v1/stream", Token("user" + std::to_string(i)),
                                       {std::string("X-Forwarded-For: ") + from[i]}));
    ASSERT_TRUE(clients[i].ReadUntil(
        [&] { return clients[i].Count("connected") + clients[i].Count("bye") == 1; }));
  }
  EXPECT_EQ(clients[0].Count("bye"), 0);
  EXPECT_EQ(clients[1].Count("bye"), 0);
  EXPECT_EQ(clients[2].DataOf("bye"), R"({"reason":"overloaded"})");
}

TEST_F(EdgeTest, TheCapPerAddressCountsABlockOfIpv6AsOne) {
  options.streams.per_address_max = 1;
  options.trusted_proxies = {"127.0.0.0/8"};
  Start();
  std::array<Client, 3> clients;
  const std::array<const char*, 3> from = {"2001:db8:0:1::1", "2001:db8:0:2::1",
                                           "2001:db8:0:1:ffff::2"};
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].Open(cores->port(), Get("/v1/stream", Token("user" + std::to_string(i)),
                                       {std::string("X-Forwarded-For: ") + from[i]}));
    ASSERT_TRUE(clients[i].ReadUntil(
        [&] { return clients[i].Count("connected") + clients[i].Count("bye") == 1; }));
  }
  EXPECT_EQ(clients[0].Count("bye") + clients[1].Count("bye"), 0);
  EXPECT_EQ(clients[2].Count("bye"), 1);
}

TEST_F(EdgeTest, PeersThatCloseOrResetAreForgotten) {
  Start();
  std::array<Client, 20> clients;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Connect(clients[i], "user" + std::to_string(i));
  }
  EXPECT_TRUE(Eventually([&] { return cores->stats().streams == clients.size(); }));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    i % 2 == 0 ? clients[i].Close() : clients[i].Abort();
  }
  EXPECT_TRUE(Eventually([&] { return cores->stats().streams == 0; }));
  EXPECT_EQ(Metric("belfry_edge_streams"), 0);
  Broadcast();
  Client alive;
  Connect(alive, "alice");
}

TEST_F(EdgeTest, APeerThatDoesNotAnswerIsClosedAfterTheStallTimeout) {
  options.streams.stall_timeout = milliseconds(300);
  options.streams.queue_bytes_max = 64 * 1024;
  Start();
  Client dead;
  Open(dead, "alice", "1000", 4'096);
  EXPECT_TRUE(Eventually([&] { return cores->stats().streams == 1; }));
  const std::string payload(10'000, 'x');
  EXPECT_TRUE(Eventually([&] {
    Notify("alice", payload);
    return Metric("belfry_edge_streams_closed_total{reason=\"stalled\"}") == 1;
  }));
}

TEST_F(EdgeTest, WhatAPeerSendsAfterItsRequestIsDroppedWithinABound) {
  Start();
  Client chatty;
  Connect(chatty, "alice");
  chatty.Send("GET /again HTTP/1.1\r\n\r\n");
  const EntryId id = Notify("alice");
  ASSERT_TRUE(chatty.ReadUntil([&] { return !chatty.Told().empty(); }));
  EXPECT_THAT(chatty.Told(), ElementsAre(id));
  const std::string flood(16 * 1024, 'x');
  for (int i = 0; i < 64 && !chatty.ended(); ++i) {
    chatty.Send(flood);
  }
  EXPECT_TRUE(chatty.ReadToEnd());
  EXPECT_TRUE(Eventually(
      [&] { return Metric("belfry_edge_streams_closed_total{reason=\"flooding\"}") == 1; }));
}

TEST_F(EdgeTest, AStreamEndsWithItsToken) {
  rules.leeway_s = 2;
  Start();
  Client client;
  const std::string token = Token("alice", seconds(1));
  client.Open(cores->port(), Get("/v1/stream", token));
  EXPECT_TRUE(client.ReadToEnd());
  EXPECT_EQ(client.Count("connected"), 1);
  EXPECT_EQ(client.DataOf("bye"), R"({"reason":"token_expired"})");
  // Not before the token is refused: else its client would open it again and again until then.
  Client again;
  again.Open(cores->port(), Get("/v1/stream", token));
  EXPECT_TRUE(again.ReadToEnd());
  EXPECT_THAT(again.head(), HasSubstr(" 401 "));
  EXPECT_THAT(again.body(), HasSubstr("TOKEN_EXPIRED"));
}

TEST_F(EdgeTest, GroupsABurst) {
  Start();
  Client client;
  client.Open(cores->port(), Get("/v1/stream?batch_ms=300", Token("alice")));
  ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; }));
  std::vector<EntryId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Notify("alice"));
  }
  ASSERT_TRUE(client.ReadUntil([&] { return client.Told().size() == ids.size(); }));
  EXPECT_EQ(client.Told(), ids);
  EXPECT_LE(client.Count("notifications"), 2);  // one, or two if the test was stopped in between
  EXPECT_EQ(client.Count("notification"), 0);
}

TEST_F(EdgeTest, DrainsPacedThenReturnsAndAcceptsNoMore) {
  Start();
  std::array<Client, 40> clients;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Connect(clients[i], "user" + std::to_string(i));
  }
  const auto start = std::chrono::steady_clock::now();
  std::jthread drain([&] { cores->Drain(milliseconds(500)); });
  for (Client& client : clients) {
    EXPECT_TRUE(client.ReadToEnd());
    EXPECT_EQ(client.DataOf("bye"), R"({"reason":"draining"})");
    EXPECT_TRUE(client.events().back().retry.has_value());
    client.Close();
  }
  drain.join();
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(400));
  EXPECT_LT(took, seconds(10));
  EXPECT_EQ(cores->stats().streams, 0U);
  Client late;
  Open(late, "alice");
  EXPECT_TRUE(late.ReadToEnd());
  EXPECT_THAT(late.events(), IsEmpty());
}

TEST_F(EdgeTest, ADrainWithoutStreamsReturnsAtOnce) {
  Start();
  const auto start = std::chrono::steady_clock::now();
  cores->Drain(seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
}

TEST_F(EdgeTest, NewKeysCountFromNowOnAndStreamsOfOldOnesEnd) {
  Start();
  Client old_key;
  Connect(old_key, "alice");
  auto rotated = wire::JwtVerifier::Parse(KeysOf("k2", 'b'), {});
  ASSERT_TRUE(rotated.ok());
  cores->SetVerifier(*rotated);
  EXPECT_TRUE(old_key.ReadToEnd());
  EXPECT_EQ(old_key.DataOf("bye"), R"({"reason":"revoked"})");
  // Each core takes the keys in its own time. One that has the old ones lets nobody in with them.
  EXPECT_TRUE(Eventually([&] {
    Client again;
    Open(again, "alice");
    EXPECT_TRUE(again.ReadToEnd());
    EXPECT_EQ(again.Count("connected"), 0);
    return again.head().find(" 401 ") != std::string::npos;
  }));
  Client new_key;
  EXPECT_TRUE(Eventually([&] {
    new_key.Open(cores->port(), Get("/v1/stream", Token("alice", seconds(60), "", "k2", 'b')));
    return new_key.ReadUntil([&] { return new_key.Count("connected") == 1; });
  }));
  // The same key under another name is the same key.
  auto renamed = wire::JwtVerifier::Parse(KeysOf("k3", 'b'), {});
  ASSERT_TRUE(renamed.ok());
  cores->SetVerifier(*renamed);
  const EntryId id = Notify("alice");
  ASSERT_TRUE(new_key.ReadUntil([&] { return !new_key.Told().empty() || new_key.ended(); }));
  EXPECT_THAT(new_key.Told(), ElementsAre(id));
}

TEST_F(EdgeTest, ARevocationEndsTheStreamsAndRefusesTheToken) {
  Start();
  const std::string token = Token("alice");
  Client alice;
  alice.Open(cores->port(), Get("/v1/stream", token));
  ASSERT_TRUE(alice.ReadUntil([&] { return alice.Count("connected") == 1; }));
  Client bob;
  Connect(bob, "bob");
  auto entry = std::make_shared<Entry>();
  entry->kind = EntryKind::kRevoked;
  entry->partition = PartitionOf("demo", "alice", kPartitions);
  entry->project = "demo";
  entry->user_id = "alice";
  entry->created_us = clock.UnixMicros();
  entry->id = 2'000;
  auto batch = std::make_shared<Batch>();
  batch->partition = entry->partition;
  batch->position = entry->id;
  batch->entries = {entry};
  cores->Deliver(batch);
  EXPECT_TRUE(alice.ReadToEnd());
  EXPECT_EQ(alice.DataOf("bye"), R"({"reason":"revoked"})");
  EXPECT_TRUE(alice.events().back().retry.has_value());
  Client again;
  again.Open(cores->port(), Get("/v1/stream", token));
  EXPECT_TRUE(again.ReadToEnd());
  EXPECT_THAT(again.head(), HasSubstr(" 401 "));
  EXPECT_THAT(again.body(), HasSubstr("TOKEN_REVOKED"));
  const EntryId id = Notify("bob");
  ASSERT_TRUE(bob.ReadUntil([&] { return !bob.Told().empty(); }));
  EXPECT_THAT(bob.Told(), ElementsAre(id));
}

TEST_F(EdgeTest, ClosesEverythingWhenItEnds) {
  Start();
  Client client;
  Connect(client, "alice");
  cores.reset();
  EXPECT_TRUE(client.ReadToEnd());
}

TEST_F(EdgeTest, APortThatIsTakenAndBadOptionsAreSaid) {
  options.cors_origins = {"*"};
  auto verifier = wire::JwtVerifier::Parse(KeysOf("k1", 'a'), {});
  const CorePoolPorts ports{store, revocations, renderer, clock, metrics, Log()};
  auto refused = CorePool::Start(options, ports, *verifier, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  options.cors_origins = {};
  options.trusted_proxies = {"nonsense"};
  refused = CorePool::Start(options, ports, *verifier, {});
  ASSERT_FALSE(refused.ok());
  options.trusted_proxies = {};
  options.address = "not an address";
  refused = CorePool::Start(options, ports, *verifier, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  // The cores of one edge share a port; two edges must not, or each would get half of the peers.
  options.address = "127.0.0.1:0";
  Start();
  options.address = "127.0.0.1:" + std::to_string(cores->port());
  refused = CorePool::Start(options, ports, *verifier, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace belfry::edge
