// SPDX-License-Identifier: Apache-2.0
// Calls to a running store on this machine.
#pragma once

#include <cstdint>
#include <string>

#include "libs/common/result.h"

namespace belfry::store {

// The socket on which a store with that data directory listens.
std::string ControlSocket(const std::string& data_directory);

// The reason where no store listens on the socket.
inline constexpr char kNoStore[] = "NO_STORE";

// Makes the store that runs on `data_directory` make a backup; its id. Waits for as long as that
// takes. kNotFound, kNoStore: none listens there. kPermissionDenied: it runs as another user.
// Others: the store's own, and kUnavailable if it ends meanwhile.
Result<std::uint32_t> RequestBackup(const std::string& data_directory,
                                    const std::string& backup_directory,
                                    std::uint64_t bytes_per_second);

// How far the store is with dropping a project.
struct ProjectDropped {
  std::uint64_t operation_id = 0;
  bool done = false;
  std::uint64_t cleared = 0;
};
// Makes that store drop a project, or with an operation's id says how far it is. Errors likewise;
// kNotFound without kNoStore: there is no such operation.
Result<ProjectDropped> RequestDrop(const std::string& data_directory, const std::string& project,
                                   std::uint64_t operation_id);

}  // namespace belfry::store
