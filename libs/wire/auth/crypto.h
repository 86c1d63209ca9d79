// SPDX-License-Identifier: Apache-2.0
// The little cryptography that tokens and keys need, by OpenSSL's EVP. Stateless functions and
// immutable keys; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::wire {

std::string Sha256(std::string_view bytes);                               // 32 bytes
std::string HmacSha256(std::string_view secret, std::string_view bytes);  // 32 bytes
// In time that depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

// A public key that verifies by exactly one algorithm.
class PublicKey {
 public:
  virtual ~PublicKey() = default;
  // kInvalidArgument: not a PEM public key, or one that does not fit `algorithm` (RS256: RSA of
  // 2,048 to 16,384 bits; ES256: P-256; EdDSA: Ed25519).
  static Result<std::unique_ptr<PublicKey>> FromPem(std::string_view pem, JwtAlgorithm algorithm);
  // `signature` as in a JWS: for ES256 r and s, 32 bytes each (RFC 7518, section 3.4).
  virtual bool Verify(std::string_view bytes, std::string_view signature) const = 0;
};

}  // namespace belfry::wire
