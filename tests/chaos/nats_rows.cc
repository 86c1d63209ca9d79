// SPDX-License-Identifier: Apache-2.0
// NATS only signals new entries: without it everything is delivered too.
#include <algorithm>
#include <thread>

#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

constexpr std::chrono::seconds kBetweenRestarts{2};

void NatsOff(Scene& scene) {
  SceneOptions options;
  options.without = {"nats"};
  if (!scene.Begin(options)) {
    return;
  }
  scene.FaultBegins("nats-server was never there", Scene::Lateness::kNotExcused);
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(900)) {
      return;
    }
  }
  scene.FaultEnds();
  if (!scene.Recovers()) {
    return;
  }
}

void NatsRestarts(Scene& scene) {
  if (!scene.Begin()) {
    return;
  }
  test::Node& nats = scene.cluster().nats();
  for (int round = 0; round < scene.rounds(); ++round) {
    const auto next = std::chrono::steady_clock::now() + kBetweenRestarts;
    scene.FaultBegins("SIGKILL nats", Scene::Lateness::kNotExcused);
    nats.Kill();
    nats.Start();
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
    std::this_thread::sleep_until(next);
  }
}

}  // namespace

std::vector<Row> NatsRows() {
  return {
      {.name = "nats-off",
       .expected = "nats-server off for the whole run: everybody receives everything in time, from "
                   "the store",
       .run = NatsOff,
       .rounds = 3,
       .rounds_long = 30},
      {.name = "nats-restarts",
       .expected = "nats-server restarted every 2 s: everybody receives everything in time",
       .run = NatsRestarts,
       .rounds = 5,
       .rounds_long = 50},
  };
}

}  // namespace belfry::chaos
