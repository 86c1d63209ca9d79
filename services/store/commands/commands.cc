// SPDX-License-Identifier: Apache-2.0
#include "services/store/commands/commands.h"

#include <ostream>
#include <string_view>

#include "services/store/rocks/recovery/format.h"

namespace belfry::store {

std::uint64_t StorageFormat() { return kFormat; }

std::optional<int> RunCommand(int argc, const char* const* argv, std::ostream& out,
                              std::ostream& err) {
  if (argc < 2 || argv[1][0] == '-') {
    return std::nullopt;
  }
  const std::string_view name = argv[1];
  const std::string_view verb = argc > 2 ? argv[2] : "";
  if (name == "check") {
    return RunCheck(argc - 2, argv + 2, out, err);
  }
  if (name == "backup" && verb == "list") {
    return RunBackupList(argc - 3, argv + 3, out, err);
  }
  if (name == "backup" && verb == "verify") {
    return RunBackupVerify(argc - 3, argv + 3, out, err);
  }
  if (name == "backup" && verb == "delete") {
    return RunBackupDelete(argc - 3, argv + 3, out, err);
  }
  if (name == "drop-project") {
    return RunDropProject(argc - 2, argv + 2, out, err);
  }
  if (name == "restore") {
    return RunRestore(argc - 2, argv + 2, out, err);
  }
  if (name == "backup") {
    return RunBackup(argc - 2, argv + 2, out, err);
  }
  err << "belfry-store: there is no command \"" << name << "\"; belfry-store --help lists them\n";
  return kUsage;
}

}  // namespace belfry::store
