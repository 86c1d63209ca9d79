// SPDX-License-Identifier: Apache-2.0
// The store's disk says EIO, or takes its time.
#include <cerrno>

#include "tests/chaos/fault_shim.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using Call = FaultRule::Call;
using Moment = FaultRule::Moment;
using Act = FaultRule::Act;

// Small buffers, so that a few seconds of large entries reach tables and the manifest.
SceneOptions FlushingOften(const FaultShim& shim) {
  SceneOptions options;
  options.cluster.before["store"] = shim.Words();
  options.cluster.store_args = {"--store-write-buffer=1MiB"};
  options.body_bytes = 4'000;
  return options;
}

// What fails, one a round, each in turn: the store stops by itself, is started again, and goes on.
void FailAndStop(Scene& scene, FaultShim& shim, const std::vector<FaultRule>& rules, int error) {
  test::Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    FaultRule rule = rules[static_cast<std::size_t>(round) % rules.size()];
    rule.error = error;
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins(std::string("error ") + std::to_string(error) + " at " + rule.file);
    shim.Arm(rule);
    const bool ended = scene.Ends(store);
    const bool acted = scene.Require(shim.acted() > 0, "the fault never met a call");
    shim.Disarm();
    scene.FaultEnds();
    if (!ended || !acted || !scene.Restarts(store) || !scene.Recovers()) {
      return;
    }
  }
}

void SyncFails(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  FailAndStop(scene, *shim,
              {OnFile(Call::kSync, kWal, Moment::kBefore, Act::kFail),
               OnFile(Call::kSync, kWal, Moment::kAfter, Act::kFail),
               OnFile(Call::kWrite, kWal, Moment::kBefore, Act::kFail)},
              EIO);
}

void TableSyncFails(Scene& scene) {
  const auto shim = scene.MakeShim();
  if (!scene.Begin(FlushingOften(*shim))) {
    return;
  }
  FailAndStop(scene, *shim,
              {OnFile(Call::kSync, kSst, Moment::kBefore, Act::kFail),
               OnFile(Call::kSync, kManifest, Moment::kBefore, Act::kFail)},
              EIO);
}

// The mark beside the log is not the log: publishing goes on.
void HighWaterFails(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  FaultRule rule = OnFile(Call::kWrite, kHighWater, Moment::kBefore, Act::kFail);
  rule.error = EIO;
  scene.FaultBegins("EIO at the high water", Scene::Lateness::kNotExcused);
  shim->Arm(rule);
  if (!scene.Works(600)) {
    return;
  }
  if (!scene.Require(shim->acted() > 0, "the fault never met a call")) {
    return;
  }
  // What it has not noted it cannot miss.
  scene.cluster().store().Kill();
  shim->Disarm();
  scene.FaultEnds();
  if (!scene.Restarts(scene.cluster().store())) {
    return;
  }
  static_cast<void>(scene.Recovers());
}

void SlowSync(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    FaultRule rule = OnFile(Call::kSync, kWal, Moment::kBefore, Act::kDelay);
    rule.delay_us = 300'000;
    scene.FaultBegins("each sync takes 300 ms");
    shim->Arm(rule);
    const bool worked = scene.Works(100);
    shim->Disarm();
    scene.FaultEnds();
    if (!worked || !scene.Recovers()) {
      return;
    }
  }
}

// A sync that does not come back: readiness says so; when it does, all goes on.
void StuckSync(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  test::Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("a sync hangs");
    shim->Arm(OnFile(Call::kSync, kWal, Moment::kBefore, Act::kHold));
    const bool said =
        test::WaitUntil([&store] { return store.AdminStatus("/readyz") == 503; }, test::kPatience);
    shim->Disarm();
    scene.FaultEnds();
    if (!scene.Require(said, "/readyz never said that a commit hangs") || !scene.Recovers() ||
        !scene.Require(store.WaitReady(), "the store is not ready again")) {
      return;
    }
  }
}

}  // namespace

std::vector<Row> SyncRows() {
  return {
      {.name = "eio-wal",
       .expected = "the store answers \"unknown\", stops by itself, and after the restart what "
                   "the disk holds is the answer",
       .run = SyncFails,
       .needs = {Need::kShim},
       .quick = true,
       .rounds = 3,
       .rounds_long = 51},
      {.name = "eio-table",
       .expected = "a table or manifest that cannot be synced stops the store; nothing "
                   "acknowledged is lost",
       .run = TableSyncFails,
       .needs = {Need::kShim},
       .rounds = 2,
       .rounds_long = 20},
      {.name = "eio-high-water",
       .expected = "the mark beside the log fails: publishing goes on, a restart finds everything",
       .run = HighWaterFails,
       .needs = {Need::kShim}},
      {.name = "slow-sync",
       .expected = "publishes take longer and are all kept",
       .run = SlowSync,
       .needs = {Need::kShim},
       .rounds_long = 10},
      {.name = "stuck-sync",
       .expected = "nothing is acknowledged, /readyz says why, and all goes on once it is over",
       .run = StuckSync,
       .needs = {Need::kShim},
       .rounds_long = 10},
  };
}

}  // namespace belfry::chaos
