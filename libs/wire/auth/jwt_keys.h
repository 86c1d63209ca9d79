// SPDX-License-Identifier: Apache-2.0
// The keys that tokens are checked with, as their file says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"
#include "libs/wire/auth/public_key.h"

namespace belfry::wire {

// One key with the one algorithm it is good for. Immutable; any thread.
struct JwtKey {
  std::string kid;
  JwtAlgorithm algorithm = JwtAlgorithm::kHs256;
  std::string secret;                   // HS256
  std::optional<PublicKey> public_key;  // the others
  std::uint64_t fingerprint = 0;        // of the algorithm and the key, whatever its kid

  bool Verify(std::string_view bytes, std::string_view signature) const;
};

inline constexpr std::size_t kSecretBytesMin = 32;  // RFC 7518, section 3.2

std::string_view AlgorithmName(JwtAlgorithm algorithm);  // "HS256"

// As JwtVerifier::Parse says.
Result<std::vector<JwtKey>> ParseJwtKeys(std::string_view json);

}  // namespace belfry::wire
