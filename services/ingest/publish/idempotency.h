// SPDX-License-Identifier: Apache-2.0
// Idempotency keys for callers that give none. Stateless; any thread.
#pragma once

#include <string>

namespace belfry::ingest {

// 32 lower-case hexadecimal digits: 128 random bits, never made twice in practice.
std::string MakeIdempotencyKey();

}  // namespace belfry::ingest
