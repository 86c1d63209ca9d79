// SPDX-License-Identifier: Apache-2.0
// Streams as they are in the world: slow, many, batched, drained, resumed.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/cluster/stored_logs.h"
#include "tests/support/cluster/traffic.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using std::chrono::milliseconds;

std::vector<Item> ItemsFor(const std::string& user, std::size_t count, std::size_t body_bytes) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back({user, user + "-" + std::to_string(i), std::string(body_bytes, 'x')});
  }
  return items;
}

TEST(Streams, OneThatDoesNotReadHoldsNobodyUpAndThenHasEverything) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  SseClientOptions narrow;
  narrow.receive_buffer_bytes = 256 * 1024;
  const std::size_t slow = traffic.Add("slow", std::nullopt, narrow);
  const std::size_t tab = traffic.Add("slow");
  ASSERT_TRUE(traffic.Listen({"quick"}, 1));
  ASSERT_TRUE(traffic.fleet().WaitConnected(3, kPatience));
  traffic.fleet().StopReading(slow);

  // More than socket buffers and the stream's queue can hold.
  traffic.Publish(ItemsFor("slow", 3000, 4000));
  traffic.Publish(ItemsFor("quick", 100, 100));
  ASSERT_TRUE(WaitUntil([&] { return traffic.fleet().told(tab) == 3000; }, kPatience));
  ASSERT_TRUE(WaitUntil([&] { return traffic.fleet().told(2) == 100; }, kPatience));
  EXPECT_LT(traffic.fleet().told(slow), 3000u) << "it was not slow at all";

  traffic.fleet().GoOnReading(slow);
  traffic.ExpectEveryPromiseKept();
  EXPECT_GE(cluster.edge().Metric("belfry_edge_catch_ups_total", "overflow"), 1)
      << "its queue was never full";
}

TEST(Streams, AThousandOnTwoEdgesAllReceiveEverything) {
  Cluster cluster({.edges = 2, .store_args = {}, .ingest_args = {}, .edge_args = {}});
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  const std::vector<std::string> users = Traffic::Users(500);
  ASSERT_TRUE(traffic.Listen(users, 2));
  std::vector<Item> items;
  for (const std::string& user : users) {
    items.push_back({user, user + "-first", ""});
    items.push_back({user, user + "-second", ""});
  }
  items.insert(items.begin() + 300, {"", "to-all-1", ""});
  items.insert(items.begin() + 600, {"", "to-all-2", ""});
  traffic.Publish(items);
  traffic.ExpectEveryPromiseKept();
  EXPECT_EQ(traffic.Judge().told, 4 * 2 * users.size());
}

TEST(Streams, ADrainingEdgeSendsByeAndEverybodyGoesOnElsewhere) {
  Cluster cluster(
      {.edges = 2, .store_args = {}, .ingest_args = {}, .edge_args = {"--edge-drain-window=1s"}});
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  const std::vector<std::string> users = Traffic::Users(30);
  ASSERT_TRUE(traffic.Listen(users, 2));
  traffic.StartLoad(users);
  ASSERT_TRUE(traffic.WaitAcknowledged(100));

  const auto status = cluster.edge(0).Stop();
  ASSERT_TRUE(status.has_value()) << cluster.edge(0).LogTail();
  EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << *status;
  EXPECT_EQ(traffic.fleet().byes("draining"), users.size()) << "half of the streams were there";
  ASSERT_TRUE(traffic.fleet().WaitConnected(2 * users.size(), kPatience));
  ASSERT_TRUE(traffic.WaitAcknowledged(100));
  cluster.edge(0).Start();
  ASSERT_TRUE(cluster.edge(0).WaitReady());
  traffic.ExpectEveryPromiseKept();
}

TEST(Streams, ARestartOfEachEdgeInTurnIsNotNoticed) {
  Cluster cluster({.edges = 2,
                   .store_args = {},
                   .ingest_args = {},
                   .edge_args = {"--edge-drain-window=500ms"}});
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  const std::vector<std::string> users = Traffic::Users(20);
  ASSERT_TRUE(traffic.Listen(users, 2));
  traffic.StartLoad(users);
  for (std::size_t i = 0; i < 2 * cluster.edges(); ++i) {
    Node& edge = cluster.edge(i % cluster.edges());
    ASSERT_TRUE(edge.Stop().has_value()) << edge.LogTail();
    edge.Start();
    ASSERT_TRUE(edge.WaitReady()) << edge.LogTail();
    ASSERT_TRUE(traffic.WaitAcknowledged(100));
  }
  traffic.ExpectEveryPromiseKept();
}

TEST(Streams, BatchedOnesDeliverTheSame) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  SseClientOptions batched;
  batched.query = "batch_ms=100";
  const std::size_t client = traffic.Add("user-0", std::nullopt, batched);
  traffic.Add("user-0");
  ASSERT_TRUE(traffic.fleet().WaitConnected(2, kPatience));
  traffic.Publish(ItemsFor("user-0", 500, 10));
  traffic.ExpectEveryPromiseKept();

  const ClientHistory history = traffic.fleet().Histories()[client];
  const auto several =
      std::count_if(history.events.begin(), history.events.end(),
                    [](const StreamEvent& event) { return event.told.size() > 1; });
  EXPECT_GT(several, 0) << "nothing was grouped";
}

TEST(Streams, ACursorThatIsAheadGetsAResetAndGoesOnLive) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  ASSERT_TRUE(traffic.Listen({"user-0"}, 1));
  traffic.Publish({{"user-0", "before", ""}});
  ASSERT_TRUE(traffic.fleet().WaitForAll(traffic.publishes(), kPatience));

  const std::size_t ahead = traffic.Add("user-0", kEntryIdMax - 1);
  ASSERT_TRUE(
      WaitUntil([&] { return traffic.fleet().cursor(ahead) != kEntryIdMax - 1; }, kPatience));
  traffic.Publish({{"user-0", "after", ""}});
  ASSERT_TRUE(WaitUntil([&] { return traffic.fleet().told(ahead) == 1; }, kPatience));
  const Verdict verdict = traffic.Judge({kPartitionsDefault, true});
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(verdict.resets, 1u);
}

TEST(Streams, ProjectsDoNotReceiveEachOthersEntries) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  Producer rival(cluster.ingest().serves(), Cluster::kRival, cluster.rival_api_key());
  ASSERT_TRUE(traffic.Listen({"alice", "bob"}, 1));
  SseClientOptions other;
  other.name = "rival-alice";
  other.project = Cluster::kRival;
  other.user_id = "alice";
  other.token = cluster.Token("alice", Cluster::kRival);
  other.edges = cluster.EdgeEndpoints();
  traffic.fleet().Add(other);
  ASSERT_TRUE(traffic.fleet().WaitConnected(3, kPatience));

  // His first notification is where bob joins: broadcasts from then on are his.
  std::vector<Publish> all = rival.Send(
      Way::kNotify, {{"alice", "rival-1", ""}, {"bob", "rival-2", ""}, {"", "rival-all", ""}},
      kPatience);
  traffic.Publish({{"alice", "acme-1", ""}, {"", "acme-all", ""}, {"bob", "acme-2", ""}});
  // A client must stream for the rival's bob as well, or his entries would count as uncovered.
  other.name = "rival-bob";
  other.user_id = "bob";
  other.token = cluster.Token("bob", Cluster::kRival);
  other.cursor = EntryId{0};
  traffic.fleet().Add(other);
  all.insert(all.end(), traffic.publishes().begin(), traffic.publishes().end());
  EXPECT_TRUE(traffic.fleet().WaitForAll(all, kPatience));
  const auto stored = ReadStoredLogs(cluster.store().serves(), kPatience);
  ASSERT_TRUE(stored.ok()) << stored.error().ToString();
  const Verdict verdict = Check({all, traffic.fleet().Histories(), *stored});
  EXPECT_TRUE(verdict.ok()) << verdict.ToString();
  EXPECT_EQ(verdict.acknowledged, 6u);
  EXPECT_EQ(verdict.stored, 4u + 2 * kPartitionsDefault);
  EXPECT_EQ(verdict.uncovered, 0u);
}

TEST(Streams, ASixthStreamOfAUserEvictsTheOldest) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  Traffic traffic(cluster);
  ASSERT_TRUE(traffic.Listen({"user-0"}, 5));
  traffic.Add("user-0");
  ASSERT_TRUE(WaitUntil([&] { return traffic.fleet().byes("evicted") >= 1; }, kPatience));
  EXPECT_TRUE(cluster.edge().WaitReady());
}

}  // namespace
}  // namespace belfry::test
