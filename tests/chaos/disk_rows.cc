// SPDX-License-Identifier: Apache-2.0
// The store's disk is full, or loses its power.
#include <cerrno>

#include "tests/chaos/disk.h"
#include "tests/chaos/fault_shim.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using test::Node;
using Call = FaultRule::Call;
using Moment = FaultRule::Moment;
using Act = FaultRule::Act;

constexpr std::uint64_t kMiB = 1 << 20;

SceneOptions OnDisk(const Disk& disk, const std::string& reserve) {
  SceneOptions options;
  options.cluster.data = disk.path() + "/data";
  options.cluster.store_args = {"--store-write-buffer=1MiB", "--store-disk-reserve=" + reserve};
  return options;
}

bool IsLow(Node& store) { return store.Metric("belfry_store_disk_low") == 1; }

// Below the reserve, before the disk is full: publishes are refused and not stored, reads go on.
bool RefusesAndReads(Scene& scene, int round) {
  test::Producer producer(scene.cluster().IngestEndpoint(), test::Cluster::kProject,
                          scene.cluster().api_key());
  // Not in the history: a stream that delivers it delivers what nobody published.
  const auto refused =
      producer.SendOne({"user-0", "refused-" + std::to_string(round)}, test::kPatience);
  if (!scene.Require(refused.outcome == test::Publish::Outcome::kRejected,
                     "a publish below the reserve was not refused")) {
    return false;
  }
  const std::size_t reader = scene.traffic().Add("user-0", EntryId{0});
  const bool reads = test::WaitUntil(
      [&scene, reader] { return scene.traffic().fleet().told(reader) > 0; }, test::kPatience);
  scene.traffic().fleet().Leave(reader);
  return scene.Require(reads, "nobody could read while publishes were refused");
}

void Reserve(Scene& scene) {
  Disk* const disk = scene.Expect(Disk::InMemory(scene.path("."), 64 * kMiB));
  if (disk == nullptr || !scene.Begin(OnDisk(*disk, "16MiB"))) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works()) {
      return;
    }
    scene.FaultBegins("less free than the reserve");
    if (!scene.Expect(disk->Fill(8 * kMiB))) {
      return;
    }
    const bool noticed = test::WaitUntil([&store] { return IsLow(store); }, test::kPatience);
    if (!scene.Require(noticed, "the store did not notice") || !RefusesAndReads(scene, round) ||
        !scene.Expect(disk->Empty())) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
  }
}

// No room until the store has ended: what it gives back itself is taken too.
bool EndsOnAFullDisk(Scene& scene, Disk& disk) {
  Node& store = scene.cluster().store();
  Status filled;
  const bool over = test::WaitUntil(
      [&] { return !store.Running() || !(filled = disk.Fill(0)).ok(); }, test::kPatience);
  return scene.Expect(filled) && scene.Require(over, "the store goes on without room");
}

// The store stops at what it could not write, cannot start on a full disk or starts and stops
// again, and goes on once there is room.
void FullAtWal(Scene& scene) {
  Disk* const disk = scene.Expect(Disk::InMemory(scene.path("."), 48 * kMiB));
  if (disk == nullptr) {
    return;
  }
  SceneOptions options = OnDisk(*disk, "0");
  options.body_bytes = 4'000;
  if (!scene.Begin(options)) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("no space left");
    if (!EndsOnAFullDisk(scene, *disk)) {
      return;
    }
    store.Start();
    if (!EndsOnAFullDisk(scene, *disk) || !scene.Expect(disk->Empty())) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(store) || !scene.Recovers()) {
      return;
    }
  }
}

// Holds a flush at its first write until there is no room for it.
void FullAtFlush(Scene& scene) {
  Disk* const disk = scene.Expect(Disk::InMemory(scene.path("."), 64 * kMiB));
  const auto shim = scene.MakeShim();
  if (disk == nullptr) {
    return;
  }
  SceneOptions options = OnDisk(*disk, "0");
  options.cluster.before["store"] = shim->Words();
  options.body_bytes = 4'000;
  if (!scene.Begin(options)) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(100))) {
      return;
    }
    scene.FaultBegins("no space left for a flush");
    shim->Arm(OnFile(Call::kWrite, kSst, Moment::kBefore, Act::kHold));
    const bool held = test::WaitUntil([&shim] { return shim->acted() > 0; }, test::kPatience);
    // A little is left for the log: the table meets the end first.
    const bool filled = scene.Expect(disk->Fill(kMiB / 4));
    shim->Disarm();
    if (!filled || !scene.Require(held, "nothing was flushed") || !scene.Ends(store) ||
        !scene.Expect(disk->Empty())) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(store) || !scene.Recovers()) {
      return;
    }
  }
}

void FullAtManifest(Scene& scene) {
  const auto shim = scene.MakeShim();
  SceneOptions options;
  options.cluster.before["store"] = shim->Words();
  options.cluster.store_args = {"--store-write-buffer=1MiB"};
  options.body_bytes = 4'000;
  if (!scene.Begin(options)) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(100))) {
      return;
    }
    FaultRule rule = OnFile(Call::kWrite, kManifest, Moment::kBefore, Act::kFail);
    rule.error = ENOSPC;
    scene.FaultBegins("no space left for the manifest");
    shim->Arm(rule);
    if (!scene.Ends(store) || !scene.Require(shim->acted() > 0, "the manifest was not written")) {
      return;
    }
    shim->Disarm();
    scene.FaultEnds();
    if (!scene.Restarts(store) || !scene.Recovers()) {
      return;
    }
  }
}

// At any moment, just before a sync, just after one, in turn: what the image holds then is what the
// store is started on.
void PowerCut(Scene& scene) {
  Disk* const disk = scene.Expect(Disk::Image(scene.path("."), 96 * kMiB));
  const auto shim = scene.MakeShim();
  if (disk == nullptr) {
    return;
  }
  SceneOptions options = OnDisk(*disk, "4MiB");
  options.cluster.before["store"] = shim->Words();
  if (!scene.Begin(options)) {
    return;
  }
  Node& store = scene.cluster().store();
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("power cut");
    if (round % 3 != 0) {
      shim->Arm(
          OnFile(Call::kSync, kWal, round % 3 == 1 ? Moment::kBefore : Moment::kAfter, Act::kHold));
      if (!scene.Require(test::WaitUntil([&shim] { return shim->acted() > 0; }, test::kPatience),
                         "nothing was synced")) {
        return;
      }
    }
    store.Pause();
    const bool taken = scene.Expect(disk->Snapshot());
    store.Kill();
    shim->Disarm();
    if (!taken || !scene.Expect(disk->ReturnToSnapshot())) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(store) || !scene.Recovers()) {
      return;
    }
  }
}

}  // namespace

std::vector<Row> DiskRows() {
  return {
      {.name = "disk-reserve",
       .expected = "below the reserve publishes are refused and not stored, reading goes on; "
                   "with room again they are taken",
       .run = Reserve,
       .needs = {Need::kMounts},
       .rounds = 2,
       .rounds_long = 10},
      {.name = "disk-full-wal",
       .expected = "the store stops by itself; with room again all that was acknowledged is there",
       .run = FullAtWal,
       .needs = {Need::kMounts},
       .quick = true,
       .rounds = 2,
       .rounds_long = 50},
      {.name = "disk-full-flush",
       .expected = "a flush without room stops the store; nothing acknowledged is lost",
       .run = FullAtFlush,
       .needs = {Need::kMounts, Need::kShim},
       .rounds = 2,
       .rounds_long = 20},
      {.name = "disk-full-manifest",
       .expected = "a manifest without room stops the store; nothing acknowledged is lost",
       .run = FullAtManifest,
       .needs = {Need::kShim},
       .rounds = 2,
       .rounds_long = 20},
      {.name = "power-cut",
       .expected = "started on the disk as the cut left it, the store has all it acknowledged",
       .run = PowerCut,
       .needs = {Need::kMounts, Need::kLoop, Need::kShim},
       .rounds = 6,
       .rounds_long = 51},
  };
}

}  // namespace belfry::chaos
