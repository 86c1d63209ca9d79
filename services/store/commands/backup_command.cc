// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log_settings.h"
#include "services/store/commands/command_line.h"
#include "services/store/commands/commands.h"
#include "services/store/commands/print.h"
#include "services/store/grpc/control_client.h"
#include "services/store/rocks/backups/backups.h"
#include "services/store/rocks/engine/directory_lock.h"
#include "services/store/rocks/log/rocks_store.h"
#include "services/store/rocks/recovery/owner.h"

namespace belfry::store {
namespace {

constexpr char kAbout[] =
    "Makes a backup of the store. A running store makes it itself while it serves (the command\n"
    "calls it over the socket in its data directory); otherwise the command opens the directory.\n"
    "Backups in one directory share files. Each is read back and compared before the command\n"
    "reports success.\n\n"
    "  belfry-store backup --to DIR [--keep N]\n"
    "  belfry-store backup list --from DIR\n"
    "  belfry-store backup verify --from DIR [--backup ID]\n"
    "  belfry-store backup delete --from DIR --backup ID\n\n"
    "Exit codes: 0 done, 1 failed (no older backup is harmed), 2 wrong arguments.";

// At a lower rate a store that has to stop would wait too long for its backup to stop.
constexpr std::uint64_t kRateMin = 64u << 10;

struct BackupArguments {
  std::string to;
  std::size_t keep = 0;
  std::uint64_t rate = 64u << 20;
  bool json = false;
};

// The directory opened here, as the store would open it, but never a new one.
Result<std::uint32_t> BackUpStopped(const Config& config, const BackupArguments& arguments,
                                    const Log& log) {
  if (::access((config.data + "/db/CURRENT").c_str(), F_OK) != 0) {
    return Fail(Code::kNotFound, "back up " + config.data + ": there is no store's data");
  }
  if (Status ours = CheckOwner(config.data); !ours.ok()) {
    return Fail(Wrap("back up", std::move(ours.error())));
  }
  const SystemClock clock;
  auto store = RocksStore::Open({.directory = config.data,
                                 .partitions = static_cast<Partition>(config.partitions),
                                 .accept_loss = false,
                                 .block_cache_bytes = config.block_cache,
                                 .write_buffer_bytes = config.write_buffer},
                                clock, log.Room("rocks"));
  if (!store.ok()) {
    return Fail(std::move(store.error()));
  }
  const auto made =
      (*store)->Backup({.directory = arguments.to, .bytes_per_second = arguments.rate, .stop = {}});
  if (!made.ok()) {
    return Fail(made.error());
  }
  if (const Status closed = (*store)->CloseCleanly(); !closed.ok()) {
    log.Warn("cannot close cleanly, the next start recovers", {{"error", closed.error()}});
  }
  return made->id;
}

Result<std::uint32_t> BackUp(const Config& config, const BackupArguments& arguments,
                             const Log& log) {
  auto requested = RequestBackup(config.data, arguments.to, arguments.rate);
  if (requested.ok() || requested.error().reason != kNoStore) {
    return requested;
  }
  auto made = BackUpStopped(config, arguments, log);
  if (!made.ok() && made.error().reason == kHeldElsewhere) {
    return Fail(Code::kUnavailable,
                requested.error().message + ", but " + made.error().message +
                    ": a store is starting or stopping, or could not listen there");
  }
  return made;
}

// Verifies the new backup, deletes it again if it is damaged, and prunes. Returns the deleted ids.
Result<std::vector<std::uint32_t>> VerifyAndPrune(std::uint32_t id,
                                                  const BackupArguments& arguments, const Log& log,
                                                  BackupInfo* info) {
  const auto backups = Backups::Open(arguments.to, log.Room("rocks"));
  if (!backups.ok()) {
    return Fail(backups.error());
  }
  if (Status good = (*backups)->Verify(id); !good.ok()) {
    static_cast<void>((*backups)->Delete(id));
    return Fail(Code::kDataLoss,
                good.error().message +
                    ". It has been deleted; if an older backup that it shares files with is "
                    "damaged too (backup verify), delete that one, or use another directory");
  }
  const auto found = (*backups)->Find(id);
  if (!found.ok()) {
    return Fail(found.error());
  }
  *info = *found;
  if (arguments.keep == 0) {
    return std::vector<std::uint32_t>();
  }
  return (*backups)->Prune(info->manifest.history_id, arguments.keep);
}

void Print(const BackupInfo& info, const std::vector<std::uint32_t>& deleted, bool json,
           std::ostream& out) {
  std::string ids;
  for (const std::uint32_t id : deleted) {
    ids += (ids.empty() ? "" : ",") + std::to_string(id);
  }
  if (json) {
    out << "{\"backup\":" << ToJson(info) << ",\"deleted\":[" << ids << "]}\n";
    return;
  }
  out << Text(info) << ", verified\n";
  if (!ids.empty()) {
    out << "deleted: " << ids << "\n";
  }
}

}  // namespace

int RunBackup(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine line("belfry-store backup", kAbout);
  BackupArguments arguments;
  std::string data;
  line.flags()
      .add_option("--to", arguments.to,
                  "Directory of backups, on the store's machine; made if absent")
      ->required();
  line.flags().add_option("--data", data, "The data directory; --store-data");
  line.flags()
      .add_option(
          "--keep", arguments.keep,
          "Afterwards delete the oldest backups of this history until N are left; keeps all")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N");
  line.flags()
      .add_option(
          "--rate", arguments.rate,
          "Bytes written per second, so that commits are not held up: 64KiB or more; 64MiB; "
          "0 = no limit")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("SIZE");
  line.flags().add_flag("--json", arguments.json, "Print one JSON object");
  if (const auto exit = line.Parse(argc, argv, out, err)) {
    return *exit;
  }
  if (arguments.rate != 0 && arguments.rate < kRateMin) {
    err << line.name() << ": --rate: " << arguments.rate << ": allowed: 0, or 64KiB and more\n";
    return kUsage;
  }
  if (!data.empty()) {
    line.config().data = data;
  }
  arguments.to = std::filesystem::absolute(arguments.to).lexically_normal().string();
  const Log log = MakeLog("store", line.config().log);
  const auto made = BackUp(line.config(), arguments, log);
  if (!made.ok()) {
    err << line.name() << ": " << made.error().message << "\n";
    return kFailed;
  }
  BackupInfo info;
  const auto deleted = VerifyAndPrune(*made, arguments, log, &info);
  if (!deleted.ok()) {
    err << line.name() << ": " << deleted.error().message << "\n";
    return kFailed;
  }
  Print(info, *deleted, arguments.json, out);
  return kDone;
}

}  // namespace belfry::store
