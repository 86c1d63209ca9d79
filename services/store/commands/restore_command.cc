// SPDX-License-Identifier: Apache-2.0
#include <ostream>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/log_settings.h"
#include "services/store/commands/command_line.h"
#include "services/store/commands/commands.h"
#include "services/store/commands/print.h"
#include "services/store/rocks/backups/restore.h"

namespace belfry::store {
namespace {

constexpr char kAbout[] =
    "Makes a data directory out of a backup. Everything after the backup is recorded as lost:\n"
    "streams that received some of it get a reset, and no id of it is given out again. For that "
    "the\n"
    "old directory's file high-water must be there, or be given.\n\n"
    "Exit codes: 0 done, 1 failed (it can be run again), 2 wrong arguments.";

void PrintText(const RestoreOptions& options, const RestoreResult& restored, std::ostream& out) {
  out << "restored " << Text(restored.backup) << "\nto " << options.directory << ", history "
      << restored.history_id << "\n";
  for (std::size_t p = 0; p < restored.lost.size(); ++p) {
    out << "partition " << p << ": lost after " << restored.lost[p].from << ", goes on after "
        << restored.lost[p].to << "\n";
  }
  if (!restored.high_water_known) {
    out << "The last id of the old store is not known: if its clock was ahead of this one, see\n"
           "docs/operations.md about --ids-above before you start it.\n";
  }
  if (!restored.moved_to.empty()) {
    out << "The database that was there is now " << restored.moved_to
        << "; delete it when you are sure.\n";
  }
}

void PrintJson(const RestoreOptions& options, const RestoreResult& restored, std::ostream& out) {
  out << "{\"backup\":" << ToJson(restored.backup) << ",\"directory\":" << Json(options.directory)
      << ",\"history\":" << Json(restored.history_id)
      << ",\"highWaterKnown\":" << (restored.high_water_known ? "true" : "false")
      << ",\"movedTo\":" << Json(restored.moved_to) << ",\"lost\":[";
  for (std::size_t p = 0; p < restored.lost.size(); ++p) {
    out << (p == 0 ? "" : ",") << "{\"from\":\"" << restored.lost[p].from << "\",\"to\":\""
        << restored.lost[p].to << "\"}";
  }
  out << "]}\n";
}

}  // namespace

int RunRestore(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine line("belfry-store restore", kAbout);
  RestoreOptions options;
  bool json = false;
  line.flags().add_option("--from", options.backups, "Directory of backups")->required();
  line.flags().add_option("--backup", options.backup_id, "Which; the newest")->type_name("ID");
  line.flags().add_option("--data", options.directory, "The data directory; --store-data");
  line.flags().add_flag("--replace", options.replace,
                        "A database that is there is moved aside, not deleted");
  line.flags()
      .add_option("--high-water", options.high_water,
                  "The old store's file high-water; that of the data directory")
      ->type_name("FILE");
  line.flags()
      .add_option("--ids-above", options.ids_above, "Give out no id up to this one")
      ->check(CLI::Range(EntryId{0}, kEntryIdMax - 1).description(""))
      ->type_name("ID");
  line.flags().add_flag("--json", json, "Print one JSON object");
  if (const auto exit = line.Parse(argc, argv, out, err)) {
    return *exit;
  }
  if (options.directory.empty()) {
    options.directory = line.config().data;
  }
  const SystemClock clock;
  const auto restored = Restore(options, clock, MakeLog("store", line.config().log));
  if (!restored.ok()) {
    err << line.name() << ": " << restored.error().message << "\n";
    return kFailed;
  }
  json ? PrintJson(options, *restored, out) : PrintText(options, *restored, out);
  return kDone;
}

}  // namespace belfry::store
