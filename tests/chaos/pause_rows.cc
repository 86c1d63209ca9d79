// SPDX-License-Identifier: Apache-2.0
// SIGSTOP and SIGCONT: there, and silent.
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using test::Node;

// How much is acknowledged while something is frozen: some seconds of the load.
constexpr std::size_t kWhileFrozen = 900;

// Frozen until ingest has noticed.
void PauseStore(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  Node& ingest = scene.cluster().ingest();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("SIGSTOP store");
    scene.cluster().store().Pause();
    const bool noticed = test::WaitUntil([&ingest] { return ingest.AdminStatus("/readyz") != 200; },
                                         test::kPatience);
    scene.cluster().store().Resume();
    scene.FaultEnds();
    if (!scene.Require(noticed, "ingest never said that the store is away") || !scene.Recovers()) {
      return;
    }
  }
}

void PauseIngest(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("SIGSTOP ingest");
    scene.cluster().ingest().Pause();
    std::this_thread::sleep_for(std::chrono::seconds(3));  // how long it is away
    scene.cluster().ingest().Resume();
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
  }
}

// Publishing goes on all the while, and so do the streams of the other edge.
void PauseEdge(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    Node& edge = scene.cluster().edge(static_cast<std::size_t>(round) % scene.cluster().edges());
    scene.FaultBegins("SIGSTOP " + edge.name());
    edge.Pause();
    const bool went_on = scene.Works(kWhileFrozen);
    edge.Resume();
    scene.FaultEnds();
    if (!went_on || !scene.Recovers()) {
      return;
    }
  }
}

void PauseNats(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("SIGSTOP nats", Scene::Lateness::kNotExcused);
    scene.cluster().nats().Pause();
    const bool went_on = scene.Recovers() && scene.Works(kWhileFrozen);
    scene.cluster().nats().Resume();
    scene.FaultEnds();
    if (!went_on || !scene.Works()) {
      return;
    }
  }
}

}  // namespace

std::vector<Row> PauseRows() {
  return {
      {.name = "pause-store",
       .expected = "publishes wait or are unknown; once it runs again they are stored once",
       .run = PauseStore,
       .rounds = 2,
       .rounds_long = 50},
      {.name = "pause-ingest",
       .expected = "producers wait, then all goes on",
       .run = PauseIngest,
       .rounds = 2,
       .rounds_long = 50},
      {.name = "pause-edge",
       .expected = "its streams are late and miss nothing, all others notice nothing",
       .run = PauseEdge,
       .rounds = 2,
       .rounds_long = 50},
      {.name = "pause-nats",
       .expected = "everybody receives everything in time, from the store",
       .run = PauseNats,
       .rounds = 2,
       .rounds_long = 50},
  };
}

}  // namespace belfry::chaos
