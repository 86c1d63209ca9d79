// SPDX-License-Identifier: Apache-2.0
// Making a backup of an open database. Inside the rooms of rocks/ only; see backups.h for the rest.
#pragma once

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/rocks/backups/backups.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {

// `manifest` is what is durable already. Any thread. Errors as RocksStore::Backup's.
Result<BackupInfo> MakeBackup(const RocksDb& db, const BackupManifest& manifest,
                              const BackupOptions& options, Log log);

}  // namespace belfry::store
