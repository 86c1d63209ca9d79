// SPDX-License-Identifier: Apache-2.0
// What is missing, from the start or for good: waited for, said so, lived without.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "tests/support/cluster/traffic.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

// 2 s is the promise; a slow machine gets more before a test calls it broken.
constexpr std::int64_t kTimelyUs = 10'000'000;

TEST(Outages, WithoutNatsEverythingIsDeliveredAllTheSame) {
  Cluster cluster;
  for (Node* node : {&cluster.store(), &cluster.ingest(), &cluster.edge()}) {
    node->Start();
  }
  for (Node* node : {&cluster.store(), &cluster.ingest(), &cluster.edge()}) {
    ASSERT_TRUE(node->WaitReady()) << node->name() << node->LogTail();
  }
  Traffic traffic(cluster);
  const std::vector<std::string> users = Traffic::Users(10);
  ASSERT_TRUE(traffic.Listen(users, 1));
  traffic.StartLoad(users, 50);
  ASSERT_TRUE(traffic.WaitAcknowledged(500));
  traffic.ExpectEveryPromiseKept();

  std::map<std::string, std::int64_t> answered;
  for (const Publish& publish : traffic.publishes()) {
    answered[publish.tag] = publish.answered_us;
  }
  std::vector<std::int64_t> delays;
  for (const ClientHistory& client : traffic.fleet().Histories()) {
    for (const StreamEvent& event : client.events) {
      for (const Told& told : event.told) {
        delays.push_back(event.at_us - answered[told.tag]);
      }
    }
  }
  ASSERT_FALSE(delays.empty());
  std::sort(delays.begin(), delays.end());
  EXPECT_LT(delays.back(), kTimelyUs);
  RecordProperty("median_us", std::to_string(delays[delays.size() / 2]));
  RecordProperty("max_us", std::to_string(delays.back()));
}

// How often `text` is in the file at `path`.
std::size_t CountIn(const std::string& path, const std::string& text) {
  std::ifstream file(path);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  std::size_t count = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Outages, WhomNatsRefusesSaysWhyOnceAndEverythingIsDeliveredAllTheSame) {
  const std::string reason = "Authorization Violation";
  Cluster cluster;
  std::ofstream(cluster.path("nats-store.txt")) << "store:hunter2\n";
  std::ofstream(cluster.path("nats-edge.txt")) << "edge:hunter2\n";
  ASSERT_TRUE(cluster.Start());
  for (Node* node : {&cluster.store(), &cluster.edge()}) {
    EXPECT_TRUE(WaitUntil(
        [&] { return node->AdminBody("/readyz").find(reason) != std::string::npos; }, kPatience))
        << node->AdminBody("/readyz");
    EXPECT_EQ(node->AdminStatus("/readyz"), 200) << node->name() << " does its work";
  }
  Traffic traffic(cluster);
  const std::vector<std::string> users = Traffic::Users(5);
  ASSERT_TRUE(traffic.Listen(users, 1));
  traffic.StartLoad(users, 50);
  ASSERT_TRUE(traffic.WaitAcknowledged(300));
  traffic.ExpectEveryPromiseKept();
  for (Node* node : {&cluster.store(), &cluster.edge()}) {
    const std::string log = cluster.path(node->name() + ".log");
    EXPECT_EQ(CountIn(log, reason), 1u) << node->name() << ": once, whatever the attempts";
    EXPECT_EQ(CountIn(log, "hunter2"), 0u) << node->name();
    EXPECT_EQ(node->AdminBody("/metrics").find("hunter2"), std::string::npos);
  }
}

TEST(Outages, WhatStartsBeforeTheStoreWaitsForItAndSaysSo) {
  Cluster cluster;
  cluster.ingest().Start();
  cluster.edge().Start();
  for (Node* node : {&cluster.ingest(), &cluster.edge()}) {
    ASSERT_TRUE(WaitUntil([node] { return node->AdminStatus("/livez") == 200; }, kPatience))
        << node->LogTail();
    EXPECT_EQ(node->AdminStatus("/readyz"), 503) << node->name();
  }

  Traffic traffic(cluster);
  // A stream that comes too early gets a bye in-band and comes again.
  const std::size_t early = traffic.Add("user-0");
  Producer hasty(cluster.ingest().serves(), Cluster::kProject, cluster.api_key());
  const Publish unknown = hasty.SendOne({"user-0", "too-early"}, std::chrono::seconds(1));
  EXPECT_EQ(unknown.outcome, Publish::Outcome::kUnknown);

  ASSERT_TRUE(cluster.Start());
  ASSERT_TRUE(traffic.fleet().WaitConnected(1, kPatience));
  traffic.Publish({{"user-0", "in-time"}});
  traffic.ExpectEveryPromiseKept();
  EXPECT_GE(traffic.fleet().connections(early), 1u);
}

TEST(Outages, AReadyClusterSaysWhenItsStoreIsGoneAndWhenItIsBack) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  cluster.store().Kill();
  for (Node* node : {&cluster.ingest(), &cluster.edge()}) {
    EXPECT_TRUE(WaitUntil([node] { return node->AdminStatus("/readyz") == 503; }, kPatience))
        << node->name();
    EXPECT_EQ(node->AdminStatus("/livez"), 200) << node->name() << " needs no restart";
  }
  cluster.store().Start();
  for (Node* node : cluster.All()) {
    EXPECT_TRUE(node->WaitReady()) << node->name();
  }
}

// Starts `argv` with the arguments that begin like one of `changes` replaced; its exit code.
int ExitCodeOf(const Cluster& cluster, std::vector<std::string> argv,
               const std::vector<std::string>& changes) {
  for (std::string& argument : argv) {
    for (const std::string& change : changes) {
      if (argument.starts_with(change.substr(0, change.find('=') + 1))) {
        argument = change;
      }
    }
  }
  auto second = Process::Start(argv, cluster.path("second.log"));
  EXPECT_TRUE(second.ok());
  const auto status = (*second)->WaitForEnd(kPatience);
  EXPECT_TRUE(status.has_value()) << "the second process goes on running";
  return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

TEST(Outages, ASecondProcessOnTheSameDirectoryOrPortRefusesToStart) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  const std::string grpc = "--store-grpc=127.0.0.1:0";
  const std::string admin = "--store-admin=127.0.0.1:0";
  EXPECT_EQ(ExitCodeOf(cluster, cluster.store().argv(), {grpc, admin}), 1) << "same directory";
  EXPECT_EQ(
      ExitCodeOf(cluster, cluster.store().argv(), {"--store-data=" + cluster.path("other"), admin}),
      1)
      << "same port";
  EXPECT_EQ(ExitCodeOf(cluster, cluster.ingest().argv(),
                       {"--ingest-http=127.0.0.1:0", "--ingest-admin=127.0.0.1:0"}),
            1)
      << "ingest: same port";

  // The first ones have not noticed.
  Traffic traffic(cluster);
  ASSERT_TRUE(traffic.Listen({"user-0"}, 1));
  traffic.Publish({{"user-0", "still-here"}});
  traffic.ExpectEveryPromiseKept();
}

TEST(Outages, AMistakeInTheSettingsStopsTheStartWithItsName) {
  Cluster cluster;
  EXPECT_EQ(ExitCodeOf(cluster, cluster.store().argv(), {"--nats-url=not-a-url"}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.ingest().argv(), {"--store-grpc=nowhere"}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.ingest().argv(), {"--api-keys-file="}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.store().argv(), {"--internal-keys-file="}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.store().argv(), {"--internal-keys-file=/absent"}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.ingest().argv(), {"--internal-key-file="}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.edge().argv(), {"--internal-key-file="}), 2);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.edge().argv(), {"--jwt-keys-file="}), 2);
  for (const char* file : {"--announce-keys-file=", "--announce-keys-file=/none"}) {
    EXPECT_EQ(ExitCodeOf(cluster, cluster.store().argv(), {file}), 2) << "store " << file;
    EXPECT_EQ(ExitCodeOf(cluster, cluster.edge().argv(), {file}), 2) << "edge " << file;
  }
  EXPECT_GE(CountIn(cluster.path("second.log"), "announce_keys_file"), 1u);
  EXPECT_EQ(ExitCodeOf(cluster, cluster.edge().argv(), {"--edge-http=192.0.2.1:99999"}), 2);
}

TEST(Outages, EveryProcessEndsCleanlyOnSigterm) {
  Cluster cluster;
  ASSERT_TRUE(cluster.Start());
  for (Node* node : {&cluster.edge(), &cluster.ingest(), &cluster.store()}) {
    const auto status = node->Stop();
    ASSERT_TRUE(status.has_value()) << node->name() << node->LogTail();
    EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0)
        << node->name() << ": wait status " << *status << "\n"
        << node->LogTail();
  }
}

}  // namespace
}  // namespace belfry::test
