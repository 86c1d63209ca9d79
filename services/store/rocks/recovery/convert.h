// SPDX-License-Identifier: Apache-2.0
// From storage formats 1 to 3 to 4. Inside the rooms of rocks/ only.
#pragma once

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/recovery/format.h"

namespace belfry::store {

// Rewrites what a database in an older format holds, in commits of a bounded size, and then drops
// the column families of that format. Does nothing to a database in this one. A process that ends
// on the way leaves a database that the next call converts to the end; an older version opens it no
// more from the first step on. kDataLoss: a row is malformed. kUnavailable: the disk does not let
// us.
Status Convert(RocksDb& db, const Format& format, const Log& log);

}  // namespace belfry::store
