// SPDX-License-Identifier: Apache-2.0
// Idempotency keys that no caller gave as they are. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

namespace belfry::ingest {

// 32 lower-case hexadecimal digits: 128 random bits, never made twice in practice.
std::string MakeIdempotencyKey();

// The key of one user's notification in a request for many users that was given `key`: 64
// hexadecimal digits of SHA-256 over "belfry user key 1", the key's length (1 byte), the key and
// the user. The same for the same, so that a retry notifies nobody twice.
std::string IdempotencyKeyFor(std::string_view key, std::string_view user_id);

}  // namespace belfry::ingest
