// SPDX-License-Identifier: Apache-2.0
// The output of commands. Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/store/rocks/backups/backups.h"

namespace belfry::store {

// `text` as a JSON string, quotes included.
std::string Json(std::string_view text);
// "2026-11-21T10:00:00Z".
// One line without its end.
std::string Text(const BackupInfo& backup);
// One object: id, createdAt, history, partitions, bytes, files, lastIds.
std::string ToJson(const BackupInfo& backup);

}  // namespace belfry::store
