// SPDX-License-Identifier: Apache-2.0
// A key as its holder sends it: "Bearer <id>.<secret>". Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::wire {

// Views of the text they were read from.
struct BearerKey {
  std::string_view id;
  std::string_view secret;
};

// kUnauthenticated: MISSING_CREDENTIALS (empty), MALFORMED_CREDENTIALS.
Result<BearerKey> ReadBearerKey(std::string_view authorization);

// Whether `secret` has that SHA-256; nullptr: of an unknown id, false. All take the same time.
bool HasDigest(std::string_view secret, const std::string* sha256);

// The member "sha256" of a key in a file: 32 bytes.
Result<std::string> ReadDigest(std::string_view hex);

// A fresh random secret, as text.
std::string MakeSecret();

}  // namespace belfry::wire
