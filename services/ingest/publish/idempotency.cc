// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/idempotency.h"

#include "libs/common/hex.h"
#include "libs/common/random.h"

namespace belfry::ingest {

std::string MakeIdempotencyKey() { return HexEncode(RandomBytes(16)); }

}  // namespace belfry::ingest
