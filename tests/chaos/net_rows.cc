// SPDX-License-Identifier: Apache-2.0
// Networks that pass no packets, or pass them one way only, or lose some.
#include <chrono>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "tests/chaos/net.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using Lateness = Scene::Lateness;

// Connections outlive the short one, and are given up by both ends in the long one.
constexpr std::chrono::seconds kShort{4};
constexpr std::chrono::seconds kLong{18};
constexpr int kPercentLost = 10;
// How much is acknowledged while packets are lost: some seconds of the load.
constexpr std::size_t kWhileLossy = 900;

// Packets from the first to the second.
struct Way {
  const char* from;
  const char* to;
};
using Ways = std::initializer_list<Way>;

constexpr Ways kStoreToNats = {{"store", "nats"}};
constexpr Ways kNatsToStore = {{"nats", "store"}};
constexpr Ways kStoreAndNats = {{"store", "nats"}, {"nats", "store"}};
constexpr Ways kEdgesToNats = {{"edge-1", "nats"}, {"edge-2", "nats"}};
constexpr Ways kNatsToEdges = {{"nats", "edge-1"}, {"nats", "edge-2"}};
constexpr Ways kEdgesAndNats = {
    {"edge-1", "nats"}, {"edge-2", "nats"}, {"nats", "edge-1"}, {"nats", "edge-2"}};
constexpr Ways kEdgeToStore = {{"edge-1", "store"}};
constexpr Ways kStoreToEdge = {{"store", "edge-1"}};
constexpr Ways kEdgeAndStore = {{"edge-1", "store"}, {"store", "edge-1"}};
constexpr Ways kEdgeAndAll = {
    {"edge-1", "store"}, {"store", "edge-1"}, {"edge-1", "nats"}, {"nats", "edge-1"}};
constexpr Ways kIngestAndStore = {{"ingest", "store"}, {"store", "ingest"}};
constexpr Ways kAllLinks = {{"store", "nats"},   {"nats", "store"},   {"edge-1", "nats"},
                            {"nats", "edge-1"},  {"edge-2", "nats"},  {"nats", "edge-2"},
                            {"edge-1", "store"}, {"store", "edge-1"}, {"edge-2", "store"},
                            {"store", "edge-2"}, {"ingest", "store"}, {"store", "ingest"}};

// How a long partition shows, so that it is known to have been one.
using Noticed = bool (*)(test::Cluster&);
bool StoreLostNats(test::Cluster& cluster) {
  return cluster.store().Metric("belfry_store_nats_connected") == 0;
}
bool EdgesLostNats(test::Cluster& cluster) {
  return cluster.edge(0).Metric("belfry_edge_nats_connected") == 0 &&
         cluster.edge(1).Metric("belfry_edge_nats_connected") == 0;
}
bool EdgeLostStore(test::Cluster& cluster) { return cluster.edge(0).AdminStatus("/readyz") == 503; }
bool IngestLostStore(test::Cluster& cluster) {
  return cluster.ingest().AdminStatus("/readyz") == 503;
}

// Every node on a host of its own. Null if that could not be made.
std::unique_ptr<Net> BeginApart(Scene& scene) {
  auto net = Net::Make({"nats", "store", "ingest", "edge-1", "edge-2"}, scene.path("net"));
  if (!scene.Require(net.ok(), net.ok() ? "" : net.error().ToString())) {
    return nullptr;
  }
  SceneOptions options;
  (*net)->Settle(options.cluster);
  return scene.Begin(options) ? *std::move(net) : nullptr;
}

bool CutAll(Scene& scene, Net& net, Ways ways) {
  for (const Way& way : ways) {
    const Status cut = net.Cut(way.from, way.to);
    if (!scene.Require(cut.ok(), cut.ok() ? "" : cut.error().ToString())) {
      return false;
    }
  }
  return true;
}

// A short time and a long one in turn.
bool Lasts(Scene& scene, int round, Noticed noticed) {
  std::this_thread::sleep_for(round % 2 == 0 ? kShort : kLong);
  if (round % 2 == 0) {
    return true;
  }
  return scene.Require(
      test::WaitUntil([&scene, noticed] { return noticed(scene.cluster()); }, test::kPatience),
      "nobody noticed the partition");
}

bool Heal(Scene& scene, Net& net) {
  const Status healed = net.Heal();
  scene.FaultEnds();
  return scene.Require(healed.ok(), healed.ok() ? "" : healed.error().ToString());
}

// What this network carries is only the doorbell: everybody receives everything in time all the
// while.
template <const Ways& kCut, Noticed kNoticed>
void CutDoorbell(Scene& scene) {
  const auto net = BeginApart(scene);
  if (net == nullptr) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("partition", Lateness::kNotExcused);
    if (!CutAll(scene, *net, kCut) || !scene.Recovers()) {
      return;
    }
    if (!Lasts(scene, round, kNoticed) || !Heal(scene, *net) || !scene.Recovers()) {
      return;
    }
  }
}

// Who is cut off waits, and has everything afterwards.
template <const Ways& kCut, Noticed kNoticed>
void CutOff(Scene& scene) {
  const auto net = BeginApart(scene);
  if (net == nullptr) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("partition");
    if (!CutAll(scene, *net, kCut) || !Lasts(scene, round, kNoticed)) {
      return;
    }
    if (!Heal(scene, *net) || !scene.Recovers()) {
      return;
    }
  }
}

// TCP segments that the node's host has sent more than once so far.
long SentAgain(const test::Node& node) {
  // Two lines of words that begin with "Tcp:", the names and the numbers.
  std::ifstream file("/proc/" + std::to_string(node.pid()) + "/net/snmp");
  std::string names, numbers;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Tcp:")) {
      (names.empty() ? names : numbers) = line;
    }
  }
  std::istringstream name(names), number(numbers);
  for (std::string n, value; name >> n && number >> value;) {
    if (n == "RetransSegs") {
      return std::stol(value);
    }
  }
  return 0;
}

void LosePackets(Scene& scene) {
  const auto net = BeginApart(scene);
  if (net == nullptr) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("packet loss");
    for (const Way& way : kAllLinks) {
      const Status lossy = net->Lose(way.from, way.to, kPercentLost);
      if (!scene.Require(lossy.ok(), lossy.ok() ? "" : lossy.error().ToString())) {
        return;
      }
    }
    if (!scene.Works(kWhileLossy) || !Heal(scene, *net) || !scene.Recovers()) {
      return;
    }
  }
  long again = 0;
  for (const test::Node* node : scene.cluster().All()) {
    again += SentAgain(*node);
  }
  scene.Note(std::to_string(again) + " segments sent again");
  scene.Require(again > 0, "no packet was lost");
}

Row Cut(std::string name, std::string expected, void (*run)(Scene&)) {
  return {.name = "partition-" + std::move(name),
          .expected = std::move(expected),
          .run = run,
          .needs = {Need::kNetwork},
          .rounds = 2,
          .rounds_long = 20,
          .round_max = std::chrono::seconds(120)};
}

}  // namespace

std::vector<Row> NetRows() {
  const std::string doorbell = "everybody receives everything in time, from the store";
  const std::string late = "edge-1's streams receive everything, live or late";
  return {
      Cut("store-to-nats", "nothing of the store reaches NATS: " + doorbell,
          CutDoorbell<kStoreToNats, StoreLostNats>),
      Cut("nats-to-store", "nothing of NATS reaches the store: " + doorbell,
          CutDoorbell<kNatsToStore, StoreLostNats>),
      Cut("store-nats", "store and NATS apart: " + doorbell,
          CutDoorbell<kStoreAndNats, StoreLostNats>),
      Cut("edge-to-nats", "nothing of the edges reaches NATS: " + doorbell,
          CutDoorbell<kEdgesToNats, EdgesLostNats>),
      Cut("nats-to-edge", "nothing of NATS reaches the edges: " + doorbell,
          CutDoorbell<kNatsToEdges, EdgesLostNats>),
      Cut("edge-nats", "edges and NATS apart: " + doorbell,
          CutDoorbell<kEdgesAndNats, EdgesLostNats>),
      Cut("edge-to-store", "nothing of edge-1 reaches the store: " + late,
          CutOff<kEdgeToStore, EdgeLostStore>),
      Cut("store-to-edge", "nothing of the store reaches edge-1: " + late,
          CutOff<kStoreToEdge, EdgeLostStore>),
      Cut("edge-store", "edge-1 and the store apart: " + late,
          CutOff<kEdgeAndStore, EdgeLostStore>),
      Cut("edge-all", "edge-1 apart from all: its streams are late and miss nothing",
          CutOff<kEdgeAndAll, EdgeLostStore>),
      Cut("ingest-store", "ingest and the store apart: publishes wait, or are unknown; stored once",
          CutOff<kIngestAndStore, IngestLostStore>),
      {.name = "packet-loss",
       .expected = "every tenth packet between all nodes is lost: slower, and nothing is missed",
       .run = LosePackets,
       .needs = {Need::kNetwork},
       .rounds = 2,
       .rounds_long = 20,
       .round_max = std::chrono::seconds(120)},
  };
}

}  // namespace belfry::chaos
