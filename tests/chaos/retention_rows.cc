// SPDX-License-Identifier: Apache-2.0
// Retention passes idle streams.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using Kind = test::StreamEvent::Kind;

std::size_t CountOf(Scene& scene, std::size_t client, Kind kind) {
  const test::ClientHistory history = scene.traffic().fleet().Histories().at(client);
  return static_cast<std::size_t>(
      std::count_if(history.events.begin(), history.events.end(),
                    [kind](const auto& event) { return event.kind == kind; }));
}

// Adds a stream of a project without entries; with `cursor`, one that resumes from it.
std::size_t AddIdle(Scene& scene, const std::string& user,
                    std::optional<EntryId> cursor = std::nullopt) {
  test::SseClientOptions options;
  options.name = user;
  options.project = test::Cluster::kRival;
  options.user_id = user;
  options.token = scene.cluster().Token(user, options.project);
  options.edges = scene.cluster().EdgeEndpoints();
  options.cursor = cursor;
  return scene.traffic().fleet().Add(std::move(options));
}

// Bookmarks move an idle stream's cursor forward, so that it can be resumed inside the window; a
// client with a cursor that the window has passed gets one reset.
void PassesIdle(Scene& scene) {
  SceneOptions options;
  options.cluster.store_args = {"--store-retention=20s"};
  // Bookmarks go with heartbeats.
  options.cluster.edge_args = {"--edge-bookmark=1s", "--edge-heartbeat=5s"};
  if (!scene.Begin(options)) {
    return;
  }
  // A machine that stalls for longer than the window makes any stream late.
  scene.ResetsAreAllowed();
  test::SseFleet& fleet = scene.traffic().fleet();
  test::Cluster& cluster = scene.cluster();
  for (int round = 0; round < scene.rounds(); ++round) {
    const std::string name = "idle-" + std::to_string(round);
    const std::size_t idle = AddIdle(scene, name);
    const auto has_cursor = [&fleet, idle] { return fleet.cursor(idle) != 0; };
    if (!scene.Require(test::WaitUntil(has_cursor, test::kPatience), "no stream")) {
      return;
    }
    const EntryId began = fleet.cursor(idle);
    // The window has passed where the stream began once a cursor there is refused.
    const auto passed = [&scene, &fleet, began, name] {
      const std::size_t probe = AddIdle(scene, name, began);
      const bool reset = test::WaitUntil([&] { return CountOf(scene, probe, Kind::kReset) > 0; },
                                         std::chrono::seconds(1));
      fleet.Leave(probe);
      return reset;
    };
    if (!scene.Require(test::WaitUntil(passed, test::kPatience), "nothing was retired") ||
        !scene.Require(fleet.cursor(idle) > began && CountOf(scene, idle, Kind::kBookmark) > 0,
                       "no bookmark moved the idle stream's cursor")) {
      return;
    }
    scene.FaultBegins("the idle stream's edge is killed");
    for (std::size_t i = 0; i < cluster.edges(); ++i) {
      cluster.edge(i).Kill();
    }
    scene.FaultEnds();
    for (std::size_t i = 0; i < cluster.edges(); ++i) {
      if (!scene.Restarts(cluster.edge(i))) {
        return;
      }
    }
    if (!scene.Recovers()) {
      return;
    }
    const auto resumed = [&] { return CountOf(scene, idle, Kind::kConnected) > 1; };
    if (!scene.Require(test::WaitUntil(resumed, test::kPatience), "it did not come back")) {
      return;
    }
    scene.Note(CountOf(scene, idle, Kind::kReset) == 0 ? "resumed inside the window"
                                                       : "was late and got a reset");
  }
}

}  // namespace

std::vector<Row> RetentionRows() {
  return {
      {.name = "retention-idle",
       .expected = "retention passes an idle stream: bookmarks have moved its cursor on and it "
                   "resumes; an old cursor gets one reset",
       .run = PassesIdle,
       .rounds_long = 5},
  };
}

}  // namespace belfry::chaos
