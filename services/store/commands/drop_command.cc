// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <ostream>
#include <string>
#include <thread>

#include "libs/common/clock.h"
#include "libs/common/log_settings.h"
#include "services/store/commands/command_line.h"
#include "services/store/commands/commands.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/project_drop.h"
#include "services/store/core/sequencer.h"
#include "services/store/grpc/control_client.h"
#include "services/store/rocks/engine/directory_lock.h"
#include "services/store/rocks/log/rocks_store.h"
#include "services/store/rocks/recovery/owner.h"

namespace belfry::store {
namespace {

constexpr char kAbout[] =
    "Erases everything of a project: notifications, broadcasts, what users did to them, segments,\n"
    "attributes, idempotency keys. Its open streams end, and its tokens from before are void. A\n"
    "running store does it while it serves the others (the command calls it over the socket in "
    "its\n"
    "data directory and waits); otherwise the command opens the directory. If either is ended on "
    "the\n"
    "way, the next start of the store goes on.\n\n"
    "  belfry-store drop-project NAME --yes-drop NAME\n\n"
    "Take the project's API keys away first: what is published after the end begins the project\n"
    "anew. There is no way back but a backup.\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong arguments.";

constexpr std::chrono::milliseconds kLookEvery{200};

class NoListener final : public CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

// The running store's progress until it is done.
Result<ProjectDropped> DropRunning(const Config& config, const std::string& project) {
  auto progress = RequestDrop(config.data, project, 0);
  while (progress.ok() && !progress->done) {
    std::this_thread::sleep_for(kLookEvery);
    progress = RequestDrop(config.data, project, progress->operation_id);
  }
  return progress;
}

// Steps until the operation has ended.
Result<ProjectDropped> RunToTheEnd(RocksStore& store, Sequencer& sequencer,
                                   const std::string& project) {
  Result<OperationId> begun = OperationId{0};
  PendingAppend call;
  call.items.push_back(DropItem(project));
  call.done = [&begun](Result<AppendResults> results) {
    if (!results.ok()) {
      begun = Fail(results.error());
    } else if (!results->front().ok()) {
      begun = Fail(results->front().error());
    } else {
      begun = results->front()->audience->operation_id;
    }
  };
  sequencer.Append(std::move(call));
  while (sequencer.Round()) {
  }
  if (!begun.ok()) {
    return Fail(begun.error());
  }
  while (true) {
    const auto progress = ReadDrop(store, *begun, project);
    if (!progress.ok()) {
      return Fail(progress.error());
    }
    if (progress->done) {
      return ProjectDropped{progress->operation_id, true, progress->cleared};
    }
    if (const auto stepped = sequencer.StepOperation(); !stepped.ok()) {
      return Fail(stepped.error());
    }
  }
}

// The directory opened here, as the store would open it, but never a new one.
Result<ProjectDropped> DropStopped(const Config& config, const std::string& project,
                                   const Log& log) {
  if (::access((config.data + "/db/CURRENT").c_str(), F_OK) != 0) {
    return Fail(Code::kNotFound, "drop a project of " + config.data + ": there is no store's data");
  }
  if (Status ours = CheckOwner(config.data); !ours.ok()) {
    return Fail(Wrap("drop a project", std::move(ours.error())));
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
  NoListener listener;
  const DiskGuard disk(0);
  auto sequencer = Sequencer::Make(
      {}, **store, listener, disk, clock, [](const Error&) {}, {}, log.Room("sequencer"));
  if (!sequencer.ok()) {
    return Fail(std::move(sequencer.error()));
  }
  auto dropped = RunToTheEnd(**store, **sequencer, project);
  sequencer->reset();
  if (dropped.ok()) {
    if (const Status closed = (*store)->CloseCleanly(); !closed.ok()) {
      log.Warn("cannot close cleanly, the next start recovers", {{"error", closed.error()}});
    }
  }
  return dropped;
}

Result<ProjectDropped> DropOne(const Config& config, const std::string& project, const Log& log) {
  auto requested = DropRunning(config, project);
  if (requested.ok() || requested.error().reason != kNoStore) {
    return requested;
  }
  auto dropped = DropStopped(config, project, log);
  if (!dropped.ok() && dropped.error().reason == kHeldElsewhere) {
    return Fail(Code::kUnavailable,
                requested.error().message + ", but " + dropped.error().message +
                    ": a store is starting or stopping, or could not listen there");
  }
  return dropped;
}

}  // namespace

int RunDropProject(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine line("belfry-store drop-project", kAbout);
  std::string project;
  std::string confirmed;
  std::string data;
  bool json = false;
  line.flags().add_option("NAME", project, "The project")->required();
  line.flags().add_option("--yes-drop", confirmed, "The project's name again")->type_name("NAME");
  line.flags().add_option("--data", data, "The data directory; --store-data");
  line.flags().add_flag("--json", json, "Print one JSON object");
  if (const auto exit = line.Parse(argc, argv, out, err)) {
    return *exit;
  }
  if (confirmed != project) {
    err << line.name() << ": this erases everything of project \"" << project
        << "\" for good; if you mean it, add --yes-drop " << project << "\n";
    return kUsage;
  }
  if (!data.empty()) {
    line.config().data = data;
  }
  const Log log = MakeLog("store", line.config().log);
  const auto dropped = DropOne(line.config(), project, log);
  if (!dropped.ok()) {
    err << line.name() << ": " << dropped.error().message << "\n";
    return kFailed;
  }
  if (json) {
    out << "{\"operationId\":\"" << dropped->operation_id << "\",\"cleared\":" << dropped->cleared
        << "}\n";
  } else {
    out << "dropped project \"" << project << "\": " << dropped->cleared << " entries cleared\n";
  }
  return kDone;
}

}  // namespace belfry::store
