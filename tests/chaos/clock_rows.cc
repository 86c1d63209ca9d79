// SPDX-License-Identifier: Apache-2.0
// Wall clocks are set, and set back: the store's, the edges'.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

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
  if (!scene.Begin(options)) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.traffic().Publish({{"user-0", "before-" + std::to_string(round)}});
    const test::Publish first = scene.traffic().publishes().back();
    scene.FaultBegins("the store's clock is set");
    shim->SetClock(ahead);
    if (!scene.Works() || !IsRemembered(scene, first)) {
      return;
    }
    store.Kill();
    // Retention looks at everything as soon as the store is there.
    if (!scene.Restarts(store) || !scene.Works() || !IsRemembered(scene, first)) {
      return;
    }
    const bool says_so = store.Metric("belfry_store_clock_doubted_seconds") != 0;
    AddLatecomer(scene);
    shim->SetClock(std::chrono::microseconds(0));
    scene.FaultEnds();
    if (!scene.Require(says_so, "the store does not report that it suspects its clock") ||
        !scene.Recovers() || !IsRemembered(scene, first)) {
      return;
    }
    store.Kill();
    if (!scene.Restarts(store) || !scene.Works() || !IsRemembered(scene, first)) {
      return;
    }
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

// What a client received, by tag and in order.
std::vector<std::string> TagsOf(Scene& scene, std::size_t client) {
  std::vector<std::string> tags;
  const test::ClientHistory history = scene.traffic().fleet().Histories().at(client);
  for (const test::StreamEvent& event : history.events) {
    for (const test::Told& told : event.told) {
      tags.push_back(told.tag);
    }
  }
  return tags;
}

// Somebody who reads everything from the beginning, from this edge.
std::size_t AddReaderAt(Scene& scene, std::size_t edge) {
  test::SseClientOptions options;
  options.edges = {scene.cluster().edge(edge).serves()};
  return scene.traffic().Add("user-0", EntryId{0}, std::move(options));
}

bool Has(const std::vector<std::string>& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// One edge's clock is an hour ahead, the other's an hour behind. What expires in between is
// delivered live and in replay by both, what has expired by neither.
void EdgesAnHourWrong(Scene& scene) {
  constexpr std::chrono::hours kOff{1};
  constexpr std::chrono::seconds kShort{5};
  const auto ahead = scene.MakeShim();
  const auto behind = scene.MakeShim();
  ahead->SetClock(kOff);
  behind->SetClock(-kOff);
  SceneOptions options;
  options.cluster.before = {{"edge-1", ahead->Words()}, {"edge-2", behind->Words()}};
  options.cluster.clocks_off = kOff;
  if (!scene.Begin(options)) {
    return;
  }
  test::Traffic& traffic = scene.traffic();
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("the edges' clocks are an hour wrong", Scene::Lateness::kNotExcused);
    const std::string number = std::to_string(round);
    const std::string lasting = "lasting-" + number;
    const std::string brief = "brief-" + number;
    const std::size_t live[] = {AddReaderAt(scene, 0), AddReaderAt(scene, 1)};
    traffic.Publish({{"user-0", lasting, {}, kOff / 2}, {"user-0", brief, {}, kShort}});
    const std::int64_t expired_us = traffic.publishes().back().expires_us;
    const auto told_live = [&] {
      return std::all_of(std::begin(live), std::end(live), [&](std::size_t client) {
        const auto tags = TagsOf(scene, client);
        return Has(tags, lasting) && Has(tags, brief);
      });
    };
    if (!scene.Require(test::WaitUntil(told_live, kShort), "an edge left out what is still good") ||
        !scene.Works() ||
        !scene.Require(
            test::WaitUntil([&] { return test::SteadyMicros() > expired_us; }, test::kPatience),
            "the time does not advance")) {
      return;
    }
    const std::size_t late[] = {AddReaderAt(scene, 0), AddReaderAt(scene, 1)};
    const std::string last = "last-" + number;
    traffic.Publish({{"user-0", last}});
    const auto told_late = [&] {
      return Has(TagsOf(scene, late[0]), last) && Has(TagsOf(scene, late[1]), last);
    };
    if (!scene.Require(test::WaitUntil(told_late, test::kPatience), "a replay did not end")) {
      return;
    }
    for (const std::size_t client : late) {
      const auto tags = TagsOf(scene, client);
      if (!scene.Require(Has(tags, lasting), "a replay left out what is still good") ||
          !scene.Require(!Has(tags, brief), "a replay delivered what had expired")) {
        return;
      }
    }
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
    for (const std::size_t client : {live[0], live[1], late[0], late[1]}) {
      traffic.fleet().Leave(client);
    }
  }
}

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
      {.name = "clock-edge",
       .expected = "one edge's clock an hour ahead, the other's an hour behind: both deliver the "
                   "same, live and in replay; what expires is the store's to judge",
       .run = EdgesAnHourWrong,
       .needs = {Need::kShim},
       .rounds_long = 10},
  };
}

}  // namespace belfry::chaos
