// SPDX-License-Identifier: Apache-2.0
// The manifest of a backup, beside RocksDB's files. Inside the rooms of rocks/ only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/store/rocks/backups/backups.h"

namespace belfry::store {

// docs/storage-format.md spells the bytes.
std::string EncodeManifest(const BackupManifest& manifest);
// std::nullopt: malformed, damaged, or of a later format.
std::optional<BackupManifest> DecodeManifest(std::string_view bytes);

}  // namespace belfry::store
