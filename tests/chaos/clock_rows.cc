// SPDX-License-Identifier: Apache-2.0
// The store's wall clock is set, and set back.
#include <chrono>

#include "tests/chaos/fault_shim.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using test::Node;

// Ask and answer once more, long after: the key is remembered and the id is the same.
bool IsRemembered(Scene& scene, const test::Publish& first) {
  test::Producer producer(scene.cluster().IngestEndpoint(), test::Cluster::kProject,
                          scene.cluster().api_key());
  const test::Publish again = producer.SendOne({first.user_id, first.tag}, test::kPatience);
  return scene.Require(again.ids == first.ids && !again.ids.empty(),
                       "a publish was stored again under its old key");
}

// Somebody who reads everything from the beginning.
void AddLatecomer(Scene& scene) { scene.traffic().Add("user-0", EntryId{0}); }

// With the clock elsewhere the store works on, is killed and started again, and works on; then the
// clock is right again.
void SetClock(Scene& scene, std::chrono::microseconds ahead) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) return;
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.traffic().Publish({{"user-0", "before-" + std::to_string(round)}});
    const test::Publish first = scene.traffic().publishes().back();
    scene.FaultBegins("the store's clock is set");
    shim->SetClock(ahead);
    if (!scene.Works() || !IsRemembered(scene, first)) return;
    store.Kill();
    // Retention looks at everything as soon as the store is there.
    if (!scene.Restarts(store) || !scene.Works() || !IsRemembered(scene, first)) return;
    const bool says_so = store.Metric("belfry_store_clock_doubted_seconds") != 0;
    AddLatecomer(scene);
    shim->SetClock(std::chrono::microseconds(0));
    scene.FaultEnds();
    if (!scene.Require(says_so, "the store does not say that it doubts its clock") ||
        !scene.Recovers() || !IsRemembered(scene, first)) {
      return;
    }
    store.Kill();
    if (!scene.Restarts(store) || !scene.Works() || !IsRemembered(scene, first)) return;
    AddLatecomer(scene);
    if (!scene.Require(store.Metric("belfry_store_retired_entries_total") == 0,
                       "something was retired")) {
      return;
    }
  }
}

constexpr std::chrono::hours kYear{24 * 365};

void HourBack(Scene& scene) { SetClock(scene, -std::chrono::hours(1)); }
void YearAhead(Scene& scene) { SetClock(scene, kYear); }
void YearBack(Scene& scene) { SetClock(scene, -kYear); }

}  // namespace

std::vector<Row> ClockRows() {
  const std::string kept =
      "ids rise, keys are remembered, nothing is retired; the same when it is right again";
  return {
      {.name = "clock-hour-back",
       .expected = "the store's clock an hour back: " + kept,
       .run = HourBack,
       .needs = {Need::kShim},
       .rounds_long = 10},
      {.name = "clock-year-ahead",
       .expected = "a year ahead, and a restart: " + kept,
       .run = YearAhead,
       .needs = {Need::kShim},
       .quick = true,
       .rounds_long = 10},
      {.name = "clock-year-back",
       .expected = "a year back, and a restart: " + kept,
       .run = YearBack,
       .needs = {Need::kShim},
       .rounds_long = 10},
  };
}

}  // namespace belfry::chaos
