// SPDX-License-Identifier: Apache-2.0
// belfry-store backup list, verify, delete.
#include <ostream>
#include <string>
#include <vector>

#include "libs/common/log_settings.h"
#include "services/store/commands/command_line.h"
#include "services/store/commands/commands.h"
#include "services/store/commands/print.h"
#include "services/store/rocks/backups/backups.h"

namespace belfry::store {
namespace {

// One of the three with the flags that they share.
class BackupsCommand {
 public:
  BackupsCommand(const std::string& verb, const std::string& about)
      : line_("belfry-store backup " + verb, about) {
    line_.flags().add_option("--from", from_, "Directory of backups")->required();
  }
  CLI::Option* AddId(const std::string& help) {
    return line_.flags().add_option("--backup", id_, help)->type_name("ID");
  }
  void AddJson() { line_.flags().add_flag("--json", json_, "Print one JSON object"); }

  // Opens the directory and calls `act` with it.
  template <typename Act>
  int Run(int argc, const char* const* argv, std::ostream& out, std::ostream& err, Act act) {
    if (const auto exit = line_.Parse(argc, argv, out, err)) {
      return *exit;
    }
    const auto backups = Backups::Open(from_, MakeLog("store", line_.config().log));
    const Status done = backups.ok() ? act(**backups) : Status(Fail(backups.error()));
    if (!done.ok()) {
      err << line_.name() << ": " << done.error().message << "\n";
      return kFailed;
    }
    return kDone;
  }
  std::uint32_t id() const { return id_; }
  bool json() const { return json_; }

 private:
  CommandLine line_;
  std::string from_;
  std::uint32_t id_ = 0;
  bool json_ = false;
};

}  // namespace

int RunBackupList(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  BackupsCommand command("list", "Lists backups, oldest first, without reading them.");
  command.AddJson();
  return command.Run(argc, argv, out, err, [&](const Backups& backups) -> Status {
    std::string json;
    std::string damaged;
    for (const std::uint32_t id : backups.Damaged()) {
      damaged += (damaged.empty() ? "" : ",") + std::to_string(id);
    }
    const std::vector<BackupInfo> listed = backups.List();
    for (const BackupInfo& info : listed) {
      if (command.json()) {
        json += (json.empty() ? "" : ",") + ToJson(info);
      } else {
        out << Text(info) << "\n";
      }
    }
    if (command.json()) {
      out << "{\"backups\":[" << json << "],\"damaged\":[" << damaged << "]}\n";
    } else if (!damaged.empty()) {
      out << "damaged: " << damaged << "\n";
    } else if (listed.empty()) {
      out << "there is no backup\n";
    }
    return {};
  });
}

int RunBackupVerify(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  BackupsCommand command("verify",
                         "Reads every file of a backup and compares it with its manifest.");
  command.AddId("Which; the newest");
  command.AddJson();
  return command.Run(argc, argv, out, err, [&](const Backups& backups) -> Status {
    const auto info = backups.Find(command.id());
    if (!info.ok()) {
      return Fail(info.error());
    }
    if (Status good = backups.Verify(info->id); !good.ok()) {
      return good;
    }
    if (command.json()) {
      out << "{\"backup\":" << ToJson(*info) << ",\"verified\":true}\n";
    } else {
      out << Text(*info) << ", verified\n";
    }
    return {};
  });
}

int RunBackupDelete(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  BackupsCommand command("delete", "Deletes a backup, and what no other backup shares with it.");
  command.AddId("Which")->required();
  command.AddJson();
  return command.Run(argc, argv, out, err, [&](Backups& backups) -> Status {
    if (Status gone = backups.Delete(command.id()); !gone.ok()) {
      return gone;
    }
    if (command.json()) {
      out << "{\"deleted\":[" << command.id() << "]}\n";
    } else {
      out << "deleted: " << command.id() << "\n";
    }
    return {};
  });
}

}  // namespace belfry::store
