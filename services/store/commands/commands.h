// SPDX-License-Identifier: Apache-2.0
// `belfry-store COMMAND`: the commands for a data directory besides serving it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>

namespace belfry::store {

// Their part of `belfry-store --help`.
inline constexpr char kCommandsHelp[] =
    "Keeps the log: the only authority. Without a COMMAND it serves.\n\n"
    "Commands (belfry-store COMMAND --help explains each):\n"
    "  backup   make, list, verify and delete backups, while the store serves or not\n"
    "  check    check a data directory that no store has open\n"
    "  drop-project  erase everything of a project, while the store serves or not\n"
    "  restore  make a data directory out of a backup";

// Runs the command that argv[1] names and returns the exit code; std::nullopt if it names none: the
// service is to run.
std::optional<int> RunCommand(int argc, const char* const* argv, std::ostream& out,
                              std::ostream& err);

// The version of the data directories that this program makes; docs/storage-format.md.
std::uint64_t StorageFormat();

// The commands. Each takes the words after its name.
int RunBackup(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupList(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupVerify(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunBackupDelete(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunRestore(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunDropProject(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int RunCheck(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

// Of every command.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // of check: there are faults
inline constexpr int kUsage = 2;   // wrong arguments or settings; of check: it cannot be opened

}  // namespace belfry::store
