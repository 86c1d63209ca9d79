// SPDX-License-Identifier: Apache-2.0
// `belfry-store COMMAND`: what can be done to a data directory beside serving it.
#pragma once

#include <iosfwd>
#include <optional>

namespace belfry::store {

// What `belfry-store --help` says of them.
inline constexpr char kCommandsHelp[] =
    "Keeps the log: the only authority. Without a COMMAND it serves.\n\n"
    "Commands (belfry-store COMMAND --help tells more):\n"
    "  backup   make, list, verify and delete backups, while the store serves or not\n"
    "  check    look a data directory over that no store has open\n"
    "  restore  make a data directory out of a backup";

// Runs the command that argv[1] names and gives the exit code; nothing if it names none, and the
// service is meant.
std::optional<int> RunCommand(int argc, const char* const* argv, std::ostream& out,
                              std::ostream& err);

// The commands. Each takes the words after its name.
int RunBackup(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupList(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupVerify(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupDelete(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunRestore(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunCheck(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

// Of every command.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // of check: there are faults
inline constexpr int kUsage = 2;   // wrong arguments or settings; of check: it cannot be opened

}  // namespace belfry::store
