// SPDX-License-Identifier: Apache-2.0
// SIGKILL at named points: the fault shim kills its process at a chosen system call under load.
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <optional>

#include "tests/chaos/fault_shim.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

using test::Cluster;
using test::Node;
using Call = FaultRule::Call;
using Moment = FaultRule::Moment;
constexpr auto kKill = FaultRule::Act::kKill;

// Of all calls at the point, one of the first so many is the last.
constexpr std::size_t kNthMax = 40;

struct Point {
  std::string name;
  FaultRule rule;
};

// Kills `node` at one point a round, each in turn. `stir` is called until it is dead.
void KillAtPoints(
    Scene& scene, FaultShim& shim, Node& node, const std::vector<Point>& points,
    const std::function<void()>& stir = [] {}) {
  for (int round = 0; round < scene.rounds(); ++round) {
    const Point& point = points[static_cast<std::size_t>(round) % points.size()];
    if (!scene.Works(1 + scene.Random(100))) {
      return;
    }
    FaultRule rule = point.rule;
    rule.nth = 1 + scene.Random(kNthMax);
    scene.FaultBegins("SIGKILL " + node.name() + " " + point.name);
    shim.Arm(rule);
    std::optional<int> status;
    const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
    while (!status && std::chrono::steady_clock::now() < deadline) {
      stir();
      status = node.WaitForEnd(std::chrono::milliseconds(50));
    }
    shim.Disarm();
    if (!scene.Require(status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL,
                       node.name() + " was not killed " + point.name)) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(node) || !scene.Recovers()) {
      return;
    }
  }
}

void StorePoints(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  Cluster& cluster = scene.cluster();
  const std::uint16_t nats = cluster.nats().serves().port;
  const std::uint16_t own = cluster.store().serves().port;
  KillAtPoints(
      scene, *shim, cluster.store(),
      {
          {"after the WAL is written, before it is synced",
           OnFile(Call::kWrite, kWal, Moment::kAfter, kKill)},
          {"before the WAL is synced", OnFile(Call::kSync, kWal, Moment::kBefore, kKill)},
          {"after the WAL is synced, before anybody is answered",
           OnFile(Call::kSync, kWal, Moment::kAfter, kKill)},
          {"before the high water is noted",
           OnFile(Call::kWrite, kHighWater, Moment::kBefore, kKill)},
          {"after the high water is noted",
           OnFile(Call::kWrite, kHighWater, Moment::kAfter, kKill)},
          {"before an answer leaves", OnPort(Call::kSend, own, Moment::kBefore, kKill)},
          {"after an answer has left", OnPort(Call::kSend, own, Moment::kAfter, kKill)},
          {"before an announcement leaves", OnPort(Call::kSend, nats, Moment::kBefore, kKill)},
          {"after an announcement has left", OnPort(Call::kSend, nats, Moment::kAfter, kKill)},
      });
}

void IngestPoints(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["ingest"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  Cluster& cluster = scene.cluster();
  const std::uint16_t store = cluster.store().serves().port;
  const std::uint16_t own = cluster.ingest().serves().port;
  KillAtPoints(
      scene, *shim, cluster.ingest(),
      {
          {"before an append leaves", OnPort(Call::kSend, store, Moment::kBefore, kKill)},
          {"after an append has left", OnPort(Call::kSend, store, Moment::kAfter, kKill)},
          {"after the store has answered", OnPort(Call::kReceive, store, Moment::kAfter, kKill)},
          {"after a request has come", OnPort(Call::kReceive, own, Moment::kAfter, kKill)},
          {"before an answer leaves", OnPort(Call::kSend, own, Moment::kBefore, kKill)},
          {"after an answer has left", OnPort(Call::kSend, own, Moment::kAfter, kKill)},
      });
}

void EdgePoints(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["edge-1"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  Cluster& cluster = scene.cluster();
  const std::uint16_t nats = cluster.nats().serves().port;
  const std::uint16_t store = cluster.store().serves().port;
  const std::uint16_t own = cluster.edge().serves().port;
  // A new stream of a known user reads the store from its beginning. (What came before
  // does not belong to a user who is new.)
  const auto latecomer = [&scene, &cluster, users = options.users,
                          late = std::size_t{0}]() mutable {
    test::SseClientOptions client;
    client.edges = {cluster.edge().serves(), cluster.edge(1).serves()};
    scene.traffic().Add("user-" + std::to_string(late++ % users), EntryId{0}, std::move(client));
  };
  KillAtPoints(
      scene, *shim, cluster.edge(),
      {
          {"after an announcement has come", OnPort(Call::kReceive, nats, Moment::kAfter, kKill)},
          {"before it asks the store", OnPort(Call::kSend, store, Moment::kBefore, kKill)},
          {"after the store has answered", OnPort(Call::kReceive, store, Moment::kAfter, kKill)},
          {"before it writes to a stream", OnPort(Call::kSend, own, Moment::kBefore, kKill)},
          {"after it has written to a stream", OnPort(Call::kSend, own, Moment::kAfter, kKill)},
      },
      latecomer);
}

}  // namespace

std::vector<Row> PointRows() {
  return {
      {.name = "kill-store-at",
       .expected = "killed around write, sync, high water, answer and announcement: "
                   "acknowledged is there, unknown is stored once",
       .run = StorePoints,
       .needs = {Need::kShim},
       .quick = true,
       .rounds = 9,
       .rounds_long = 54},
      {.name = "kill-ingest-at",
       .expected = "killed around append and answer: nothing is stored twice",
       .run = IngestPoints,
       .needs = {Need::kShim},
       .rounds = 6,
       .rounds_long = 54},
      {.name = "kill-edge-at",
       .expected = "killed around receiving, reading and writing: its streams go on without a gap",
       .run = EdgePoints,
       .needs = {Need::kShim},
       .rounds = 5,
       .rounds_long = 50},
  };
}

}  // namespace belfry::chaos
