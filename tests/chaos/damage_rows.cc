// SPDX-License-Identifier: Apache-2.0
// The store's files are damaged while it is down; docs/operations.md says what comes of each.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/chaos/command.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

namespace fs = std::filesystem;
using test::Node;

std::string DataPath(Scene& scene) { return scene.cluster().path("data"); }

// Of the database's files with that extension the largest.
fs::path Largest(Scene& scene, const std::string& extension) {
  fs::path largest;
  for (const auto& file : fs::directory_iterator(DataPath(scene) + "/db")) {
    if (file.path().extension() != extension) {
      continue;
    }
    if (largest.empty() || file.file_size() > fs::file_size(largest)) {
      largest = file.path();
    }
  }
  return largest;
}

void FlipBit(const fs::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x40));
}

// Where the log's bytes end: what follows was set aside and never written.
std::uint64_t EndOfData(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t at = 0, end = 0;
  for (int byte = file.get(); byte != EOF; byte = file.get()) {
    ++at;
    if (byte != 0) {
      end = at;
    }
  }
  return end;
}

// How many streams got a `reset`; a stream that got more than one breaks the row.
std::size_t ResetStreams(Scene& scene) {
  std::size_t streams = 0;
  for (const test::ClientHistory& client : scene.traffic().fleet().Histories()) {
    const auto resets = std::count_if(
        client.events.begin(), client.events.end(),
        [](const auto& event) { return event.kind == test::StreamEvent::Kind::kReset; });
    scene.Require(resets <= 1, client.name + " got more than one reset");
    streams += resets > 0;
  }
  return streams;
}

// Waits until one stream, or with `everybody` all streams, got a reset.
bool ResetsForTheLoss(Scene& scene, bool everybody) {
  const std::size_t least = everybody ? scene.traffic().fleet().Histories().size() : 1;
  const bool reset = test::WaitUntil([&] { return ResetStreams(scene) >= least; }, test::kPatience);
  return scene.Require(reset, "a stream got no reset for the loss");
}

// Killed under load and damaged: the store refuses to start, saying `words`, until the loss is
// accepted; then it goes on, resets every stream that may have missed an entry, and starts again
// without the flag.
void LoseAndAccept(Scene& scene, const std::string& words, bool everybody,
                   const std::function<void(const fs::path& log)>& damage) {
  if (!scene.Begin()) {
    return;
  }
  Node& store = scene.cluster().store();
  if (!scene.Works(300 + scene.Random(200))) {
    return;
  }
  scene.ResetsAreAllowed();
  scene.FaultBegins("damage");
  store.Kill();
  damage(Largest(scene, ".log"));
  if (!scene.RefusesToStart(store, words) || !scene.RefusesToStart(store, words)) {
    return;
  }
  scene.FaultEnds();
  if (!scene.Restarts(store, {"--store-accept-loss=true"}) || !scene.Recovers() ||
      !ResetsForTheLoss(scene, everybody)) {
    return;
  }
  store.Kill();
  if (!scene.Restarts(store) || !scene.Works()) {
    return;
  }
  ResetStreams(scene);
}

void FlippedInLog(Scene& scene) {
  LoseAndAccept(scene, "DATA_LOSS", true, [&scene](const fs::path& log) {
    const std::uint64_t end = EndOfData(log);
    FlipBit(log, end / 4 + scene.Random(end / 2));
  });
}

void CutLog(Scene& scene) {
  LoseAndAccept(scene, "ends before what was durable", false, [&scene](const fs::path& log) {
    const std::uint64_t end = EndOfData(log);
    fs::resize_file(log, end / 4 + scene.Random(end / 2));
  });
}

void DeletedLog(Scene& scene) {
  LoseAndAccept(scene, "--store-accept-loss", false, [](const fs::path& log) { fs::remove(log); });
}

// The log is whole, which cannot be known.
void DeletedHighWater(Scene& scene) {
  LoseAndAccept(scene, "high-water is missing", true,
                [&scene](const fs::path&) { fs::remove(DataPath(scene) + "/high-water"); });
}

// Positions and the like: without them the store would not start at all.
constexpr std::uint64_t kSmallTable = 8 * 1024;

// No loss can be accepted here: the damage is found when it is read, nothing false is delivered,
// and with the tables put back everything is there.
void FlippedInTable(Scene& scene) {
  SceneOptions options;
  options.body_bytes = 2'000;
  if (!scene.Begin(options) || !scene.Works(600)) {
    return;
  }
  Node& store = scene.cluster().store();
  scene.FaultBegins("a bit in each table");
  // In order, so that all is in tables.
  if (!scene.Require(store.Stop().has_value(), "the store did not stop")) {
    return;
  }
  const fs::path kept = scene.path("tables-kept");
  fs::create_directory(kept);
  std::vector<fs::path> tables;
  for (const auto& file : fs::directory_iterator(DataPath(scene) + "/db")) {
    if (file.path().extension() != ".sst" || file.file_size() <= kSmallTable) {
      continue;
    }
    fs::copy(file.path(), kept / file.path().filename());
    FlipBit(file.path(), file.file_size() / 4);
    tables.push_back(file.path());
  }
  store.Start();
  for (const std::string& user : test::Traffic::Users(options.users)) {
    scene.traffic().Add(user, EntryId{0});
  }
  const bool found = test::WaitUntil(
      [&store] { return store.LogTail().find("DATA_LOSS") != std::string::npos; }, test::kPatience);
  store.Kill();
  for (const fs::path& table : tables) {
    fs::copy_file(kept / table.filename(), table, fs::copy_options::overwrite_existing);
  }
  if (!scene.Require(found, "the store did not notice")) {
    return;
  }
  scene.FaultEnds();
  if (!scene.Restarts(store)) {
    return;
  }
  static_cast<void>(scene.Recovers());
}

// A backup from before takes the place of the data.
void RestoredBackup(Scene& scene) {
  if (!scene.Begin() || !scene.Works(100 + scene.Random(200))) {
    return;
  }
  const std::string command = test::Cluster::BinDir() + "/belfry-store";
  const std::string backups = scene.path("backups"), data = DataPath(scene);
  if (!scene.Expect(Run({command, "backup", "--to", backups, "--data", data}, scene.path("."))) ||
      !scene.Works(300)) {
    return;
  }
  scene.ResetsAreAllowed();
  scene.FaultBegins("an old backup is restored");
  scene.cluster().store().Kill();
  const bool restored = scene.Expect(
      Run({command, "restore", "--from", backups, "--data", data, "--replace"}, scene.path(".")));
  scene.FaultEnds();
  if (!restored || !scene.Restarts(scene.cluster().store()) || !scene.Recovers() ||
      !ResetsForTheLoss(scene, true)) {
    return;
  }
  if (!scene.Works()) {
    return;
  }
  ResetStreams(scene);
}

}  // namespace

std::vector<Row> DamageRows() {
  const std::string refused =
      ": the store refuses to start; with the loss accepted it goes on, and each stream that may "
      "have missed something gets one reset that covers it";
  return {
      {.name = "flipped-bit-wal",
       .expected = "a flipped bit mid-WAL" + refused,
       .run = FlippedInLog,
       .quick = true},
      {.name = "cut-wal", .expected = "a WAL that was cut short" + refused, .run = CutLog},
      {.name = "deleted-wal", .expected = "a WAL that was deleted" + refused, .run = DeletedLog},
      {.name = "deleted-high-water",
       .expected = "no mark how long the log was" + refused,
       .run = DeletedHighWater},
      {.name = "flipped-bit-sst",
       .expected =
           "a flipped bit in tables is found when they are read; nothing false is delivered, and "
           "with the tables put back all is there",
       .run = FlippedInTable},
      {.name = "restored-backup",
       .expected =
           "a backup from before is restored under streams that had received more: each gets "
           "one reset that covers what is gone, and no id is given twice",
       .run = RestoredBackup},
  };
}

}  // namespace belfry::chaos
