// SPDX-License-Identifier: Apache-2.0
// Everybody comes back at once.
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

constexpr std::size_t kStreams = 20'000;
// Every stream is a descriptor in the edge and one here. This many each side has for other things,
// and of the rest an edge keeps an eighth for connections without a stream (SharesOf in its
// app.cc).
constexpr std::size_t kOtherDescriptors = 200;
constexpr std::size_t kConnectionsPart = 8;
constexpr std::size_t kStreamsPerUser = 4;
// A broadcast for every 50 calls of one of three reaches all of them.
constexpr double kPerSecondEach = 20;
constexpr std::chrono::seconds kConnectingMax{120};
constexpr std::chrono::seconds kRecoveryMax{150};  // on a busy machine; alone it takes seconds

std::size_t StreamsHere() {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  const std::size_t all = descriptors.rlim_max;
  const std::size_t left = all - std::min(all, kOtherDescriptors);
  return std::min(kStreams, left - left / kConnectionsPart);
}

// All on the first edge; who loses it goes to the second.
bool ListenOnFirst(Scene& scene, const std::vector<std::string>& users) {
  test::SseClientOptions options;
  options.edges = scene.cluster().EdgeEndpoints();
  for (const std::string& user : users) {
    for (std::size_t i = 0; i < kStreamsPerUser; ++i) {
      scene.traffic().Add(user, std::nullopt, options);
    }
  }
  return scene.Require(
      scene.traffic().fleet().WaitConnected(users.size() * kStreamsPerUser, kConnectingMax),
      "the streams did not connect");
}

void EdgeDeath(Scene& scene) {
  SceneOptions options;
  options.recovery_max = kRecoveryMax;
  for (const char* cap : {"", "per-address-", "per-project-"}) {
    options.cluster.edge_args.push_back(std::string("--edge-streams-") + cap +
                                        "max=" + std::to_string(kStreams));
  }
  if (!scene.BeginQuietly(options)) {
    return;
  }
  const auto users = test::Traffic::Users(StreamsHere() / kStreamsPerUser);
  const std::size_t streams = users.size() * kStreamsPerUser;
  if (!ListenOnFirst(scene, users)) {
    return;
  }
  scene.traffic().StartLoad(users, kPerSecondEach);
  for (int round = 0; round < scene.rounds(); ++round) {
    test::Node& edge = scene.cluster().edge(static_cast<std::size_t>(round % 2));
    if (!scene.Works()) {
      return;
    }
    scene.FaultBegins("SIGKILL " + edge.name());
    edge.Kill();
    if (!scene.Recovers()) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Require(scene.traffic().fleet().WaitConnected(streams, kConnectingMax),
                       "some streams did not come back") ||
        !scene.Restarts(edge)) {
      return;
    }
  }
  scene.Note(std::to_string(streams) + " streams at once");
}

}  // namespace

std::vector<Row> StormRows() {
  return {
      {.name = "storm-edge-death",
       .expected = "20,000 streams (or as many as descriptors allow) of a dead edge come to the "
                   "other one at once: each gets what it missed",
       .run = EdgeDeath,
       .rounds = 2,
       .rounds_long = 10,
       .round_max = std::chrono::seconds(400)},
  };
}

}  // namespace belfry::chaos
