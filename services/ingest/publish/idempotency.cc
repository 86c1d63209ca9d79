// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/idempotency.h"

#include "libs/common/hex.h"
#include "libs/common/random.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::ingest {

std::string MakeIdempotencyKey() { return HexEncode(RandomBytes(16)); }

std::string IdempotencyKeyFor(std::string_view key, std::string_view user_id) {
  const char length = static_cast<char>(key.size());
  return HexEncode(wire::Sha256({"belfry user key 1", {&length, 1}, key, user_id}));
}

}  // namespace belfry::ingest
