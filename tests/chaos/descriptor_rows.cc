// SPDX-License-Identifier: Apache-2.0
// Processes that have no descriptor left.
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

namespace fs = std::filesystem;
using test::Node;

constexpr std::chrono::milliseconds kRetry{300};
// Descriptors of an edge that has to hold 40 streams, and how many more streams want in.
constexpr int kEdgeDescriptors = 200;
constexpr std::size_t kMoreStreams = 400;
// What a gRPC server is given beyond what it has open, and how many connections want in.
constexpr std::size_t kSpareDescriptors = 100;
constexpr std::size_t kMoreConnections = 400;
constexpr std::size_t kWhileFull = 600;

std::size_t OpenDescriptors(const Node& node) {
  std::size_t count = 0;
  std::error_code error;
  for (fs::directory_iterator at("/proc/" + std::to_string(node.pid()) + "/fd", error), end;
       !error && at != end; at.increment(error)) {
    ++count;
  }
  return count;
}

// By its log, which says when that begins and when it is over.
bool RefusesConnections(const Node& node) {
  const std::string log = node.LogTail();
  const std::size_t refuses = log.rfind("cannot accept connections");
  const std::size_t accepts = log.rfind("accepting connections again");
  return refuses != std::string::npos && (accepts == std::string::npos || accepts < refuses);
}

bool Answers(Scene& scene, Node& node) {
  return scene.Require(node.WaitReady(), node.name() + " is not ready") &&
         scene.Require(node.AdminStatus("/metrics") == 200, node.name() + " serves no metrics");
}

// More streams than the edge has descriptors for, and they keep trying.
void Edge(Scene& scene) {
  SceneOptions options;
  options.cluster.edges = 1;
  options.cluster.before["edge-1"] = {"/usr/bin/prlimit",
                                      "--nofile=" + std::to_string(kEdgeDescriptors)};
  if (!scene.Begin(options)) {
    return;
  }
  Node& edge = scene.cluster().edge();
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("too many streams", Scene::Lateness::kNotExcused);
    {
      test::SseFleet crowd(kRetry);
      for (std::size_t i = 0; i < kMoreStreams; ++i) {
        test::SseClientOptions client;
        client.project = test::Cluster::kProject;
        client.user_id = "crowd-" + std::to_string(i);
        client.token = scene.cluster().Token(client.user_id);
        client.edges = scene.cluster().EdgeEndpoints();
        crowd.Add(std::move(client));
      }
      if (!scene.Recovers() || !scene.Works(kWhileFull) || !Answers(scene, edge)) {
        return;
      }
      const std::size_t in = crowd.connected();
      if (round == 0) {
        scene.Note(std::to_string(in) + " of the others were let in");
      }
      if (!scene.Require(in < kMoreStreams, "there were descriptors for everybody")) {
        return;
      }
    }
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
    // There is room again.
    test::SseFleet latecomers(kRetry);
    test::SseClientOptions client;
    client.project = test::Cluster::kProject;
    client.user_id = "latecomer";
    client.token = scene.cluster().Token(client.user_id);
    client.edges = scene.cluster().EdgeEndpoints();
    latecomers.Add(std::move(client));
    if (!scene.Require(latecomers.WaitConnected(1, test::kPatience), "nobody is let in any more")) {
      return;
    }
  }
}

// More connections to a gRPC port than there are descriptors for: the process keeps some for
// itself, so its admin port still answers.
void Grpc(Scene& scene, Node& (test::Cluster::*victim)()) {
  if (!scene.Begin()) {
    return;
  }
  Node& node = (scene.cluster().*victim)();
  const rlim_t limit = OpenDescriptors(node) + kSpareDescriptors;
  const rlimit scarce{limit, limit};
  if (!scene.Require(prlimit(node.pid(), RLIMIT_NOFILE, &scarce, nullptr) == 0,
                     "cannot limit the descriptors of " + node.name())) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("too many connections", Scene::Lateness::kNotExcused);
    {
      std::vector<test::Socket> crowd;
      for (std::size_t i = 0; i < kMoreConnections; ++i) {
        auto socket = test::Connect(node.serves(), std::chrono::seconds(5));
        if (socket.ok()) {
          crowd.push_back(*std::move(socket));
        }
      }
      const bool full = test::WaitUntil([&] { return RefusesConnections(node); });
      if (!scene.Require(full, "there were descriptors for everybody") || !scene.Recovers() ||
          !scene.Works(kWhileFull) || !Answers(scene, node)) {
        return;
      }
    }
    scene.FaultEnds();
    if (!scene.Recovers() || !Answers(scene, node)) {
      return;
    }
    // Whoever calls anew is served.
    Node& ingest = scene.cluster().ingest();
    if (&node != &ingest) {
      ingest.Kill();
    }
    if (!scene.Restarts(ingest) || !scene.Recovers()) {
      return;
    }
  }
}

void Store(Scene& scene) { Grpc(scene, &test::Cluster::store); }
void Ingest(Scene& scene) { Grpc(scene, &test::Cluster::ingest); }

}  // namespace

std::vector<Row> DescriptorRows() {
  return {
      {.name = "descriptors-edge",
       .expected = "streams that are in go on, more wait outside, and come in when there is room",
       .run = Edge,
       .rounds = 2,
       .rounds_long = 20},
      {.name = "descriptors-store",
       .expected = "callers that are connected notice nothing, the admin port answers, and new "
                   "ones are served afterwards",
       .run = Store,
       .rounds = 2,
       .rounds_long = 20},
      {.name = "descriptors-ingest",
       .expected = "callers that are connected notice nothing, the admin port answers, and new "
                   "ones are served afterwards",
       .run = Ingest,
       .rounds = 2,
       .rounds_long = 20},
  };
}

}  // namespace belfry::chaos
