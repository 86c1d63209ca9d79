// SPDX-License-Identifier: Apache-2.0
// Does a data directory hold what docs/storage-format.md says? Reads everything, changes nothing;
// memory stays bounded however large the directory is.
#pragma once

#include <cstddef>
#include <string>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/rocks/check/report.h"

namespace belfry::store {

struct CheckOptions {
  std::string directory;                 // a store's data directory
  std::size_t faults_max_per_kind = 20;  // reported; all are counted
};

// OK: it was checked, whatever was found; what RocksDB itself cannot open is a fault of kTables.
// kNotFound: there is no database. kFailedPrecondition: a process has it open, or it is of another
// format. kUnavailable: the disk does not let us.
Result<CheckReport> CheckDirectory(const CheckOptions& options, Log log);

}  // namespace belfry::store
