// SPDX-License-Identifier: Apache-2.0
// A data directory out of a backup, with everything that the backup does not know recorded as lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/core/cursor.h"
#include "services/store/rocks/backups/backups.h"

namespace belfry::store {

struct RestoreOptions {
  std::string backups = {};     // directory of backups
  std::uint32_t backup_id = 0;  // 0: the newest
  std::string directory = {};   // the data directory; made if absent
  // Let a database that is there be moved aside; otherwise it is refused.
  bool replace = false;
  // How far the old store had come; empty: the file in `directory`, if it is there.
  std::string high_water = {};
  // No id up to this one is given out again, whatever is known otherwise.
  EntryId ids_above = 0;
};

struct RestoreResult {
  BackupInfo backup;
  std::string history_id;          // a new one
  std::vector<LostInterval> lost;  // by partition
  bool high_water_known = false;   // how far the old store had come
  std::string moved_to;            // the database that was there; empty: none was
};

// Until it succeeds, what was in `directory` is as it was, but that a store may refuse to open it;
// it can be run again. kFailedPrecondition: the directory holds data, or a store has it open.
// kPermissionDenied: it is another user's. kNotFound: there is no such backup. kDataLoss: the
// backup is damaged, or the high water is. kUnavailable: the disk does not let us.
Result<RestoreResult> Restore(const RestoreOptions& options, const Clock& clock, const Log& log);

}  // namespace belfry::store
