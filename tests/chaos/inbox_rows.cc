// SPDX-License-Identifier: Apache-2.0
// SIGKILL at any moment while users change their inboxes on several devices.
#include <string>
#include <vector>

#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/inbox/inbox_run.h"

namespace belfry::chaos {
namespace {

using test::Node;

constexpr std::size_t kBetweenMax = 200;

// Kills what `choose` gives, in each round, and starts it again.
template <typename Choose>
void KillWhileInboxesChange(Scene& scene, Choose choose) {
  SceneOptions options;
  options.cluster = {.edges = 2,
                     .store_args = {"--store-partitions=4"},
                     .edge_args = {"--edge-api-per-second=10000", "--edge-api-burst=10000"}};
  if (!scene.BeginQuietly(options)) {
    return;
  }
  test::InboxRun run(scene.cluster(), {.seed = scene.Random(1u << 30), .users = 8});
  if (!scene.Require(run.Start(), "the users did not begin")) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    const bool works = run.WaitAnswered(1 + scene.Random(kBetweenMax));
    if (!scene.Require(works, "requests were not answered any more")) {
      return;
    }
    const std::vector<Node*> victims = choose(scene);
    scene.FaultBegins("SIGKILL " + victims.front()->name() + (victims.size() > 1 ? " ..." : ""));
    for (Node* node : victims) {
      node->Kill();
    }
    for (Node* node : victims) {
      node->Start();
    }
    for (Node* node : victims) {
      if (!scene.Restarts(*node)) {
        return;
      }
    }
    scene.FaultEnds();
  }
  run.Stop();
  for (const std::string& fault : run.Judge()) {
    scene.Require(false, fault);
  }
  scene.Note(run.Summary());
  scene.Keeps(run.history());
}

void KillStore(Scene& scene) {
  KillWhileInboxesChange(scene, [](Scene& of) { return std::vector{&of.cluster().store()}; });
}
void KillIngest(Scene& scene) {
  KillWhileInboxesChange(scene, [](Scene& of) { return std::vector{&of.cluster().ingest()}; });
}
void KillEdge(Scene& scene) {
  KillWhileInboxesChange(scene, [](Scene& of) {
    return std::vector{&of.cluster().edge(of.Random(of.cluster().edges()))};
  });
}
void KillNats(Scene& scene) {
  KillWhileInboxesChange(scene, [](Scene& of) { return std::vector{&of.cluster().nats()}; });
}
// Each of them by chance, all of them at times.
void KillAny(Scene& scene) {
  KillWhileInboxesChange(scene, [](Scene& of) {
    std::vector<Node*> nodes = of.cluster().All();
    std::erase_if(nodes, [&of](const Node*) { return of.Random(2) == 0; });
    return nodes.empty() ? of.cluster().All() : nodes;
  });
}

constexpr char kExpected[] =
    "every list, count, answer and device says what a walk over the log gives";

}  // namespace

std::vector<Row> InboxRows() {
  std::vector<Row> rows;
  const auto add = [&rows](const char* name, void (*run)(Scene&)) {
    rows.push_back(
        {.name = name, .expected = kExpected, .run = run, .rounds = 20, .rounds_long = 200});
  };
  add("inbox-store", KillStore);
  add("inbox-ingest", KillIngest);
  add("inbox-edge", KillEdge);
  add("inbox-nats", KillNats);
  add("inbox-any", KillAny);
  return rows;
}

}  // namespace belfry::chaos
