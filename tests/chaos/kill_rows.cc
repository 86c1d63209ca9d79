// SPDX-License-Identifier: Apache-2.0
// SIGKILL at any moment under load.
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

using test::Node;

// How much is acknowledged before a kill: a random place in the load's own rhythm.
constexpr std::size_t kBetweenMax = 200;

// For a service without a replica: down until it is started again.
void KillAndRestart(Scene& scene, Node& (test::Cluster::*victim)()) {
  if (!scene.Begin()) {
    return;
  }
  Node& node = (scene.cluster().*victim)();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(kBetweenMax))) {
      return;
    }
    scene.FaultBegins("SIGKILL " + node.name());
    node.Kill();
    scene.FaultEnds();
    if (!scene.Restarts(node) || !scene.Recovers()) {
      return;
    }
  }
}

void KillStore(Scene& scene) { KillAndRestart(scene, &test::Cluster::store); }
void KillIngest(Scene& scene) { KillAndRestart(scene, &test::Cluster::ingest); }

// The edges in turn: the other one takes over, and the first comes back.
void KillEdge(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    Node& edge = scene.cluster().edge(static_cast<std::size_t>(round) % scene.cluster().edges());
    if (!scene.Works(1 + scene.Random(kBetweenMax))) {
      return;
    }
    scene.FaultBegins("SIGKILL " + edge.name());
    edge.Kill();
    if (!scene.Recovers()) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(edge)) {
      return;
    }
  }
}

void KillNats(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  Node& nats = scene.cluster().nats();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(kBetweenMax))) {
      return;
    }
    scene.FaultBegins("SIGKILL nats", Scene::Lateness::kNotExcused);
    nats.Kill();
    if (!scene.Recovers()) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(nats)) {
      return;
    }
  }
}

void KillAll(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(kBetweenMax))) {
      return;
    }
    scene.FaultBegins("SIGKILL all");
    for (Node* node : scene.cluster().All()) {
      node->Kill();
    }
    scene.FaultEnds();
    for (Node* node : scene.cluster().All()) {
      node->Start();
    }
    for (Node* node : scene.cluster().All()) {
      if (!scene.Restarts(*node)) {
        return;
      }
    }
    if (!scene.Recovers()) {
      return;
    }
  }
}

}  // namespace

std::vector<Row> KillRows() {
  return {
      {.name = "kill-store",
       .expected = "all that was acknowledged is there, what was unknown is stored once",
       .run = KillStore,
       .quick = true,
       .rounds = 5,
       .rounds_long = 50},
      {.name = "kill-ingest",
       .expected = "producers try again with the same keys and nothing is stored twice",
       .run = KillIngest,
       .rounds = 5,
       .rounds_long = 50},
      {.name = "kill-edge",
       .expected = "its streams go on at another edge, without a gap or a repeat",
       .run = KillEdge,
       .quick = true,
       .rounds = 4,
       .rounds_long = 50},
      {.name = "kill-nats",
       .expected = "publishing goes on and everybody receives everything in time, from the store",
       .run = KillNats,
       .rounds = 5,
       .rounds_long = 50},
      {.name = "kill-all",
       .expected = "everything at once and back: nothing acknowledged is lost or delivered twice",
       .run = KillAll,
       .rounds = 3,
       .rounds_long = 50},
  };
}

}  // namespace belfry::chaos
