// SPDX-License-Identifier: Apache-2.0
// A public key that verifies by exactly one algorithm. Immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::wire {

class PublicKey {
 public:
  // kInvalidArgument: not a PEM public key, or one that does not fit `algorithm` (RS256: RSA of
  // 2,048 to 16,384 bits; ES256: P-256; EdDSA: Ed25519).
  static Result<PublicKey> FromPem(std::string_view pem, JwtAlgorithm algorithm);
  // From a JWK's parts, big-endian: modulus and exponent; coordinates of 32 bytes each; the key of
  // 32 bytes. kInvalidArgument: no such key, or one that does not fit as above.
  static Result<PublicKey> FromRsa(std::string_view n, std::string_view e);
  static Result<PublicKey> FromP256(std::string_view x, std::string_view y);
  static Result<PublicKey> FromEd25519(std::string_view x);
  PublicKey(PublicKey&& other) noexcept;
  PublicKey& operator=(PublicKey&& other) noexcept;
  ~PublicKey();

  // `signature` as in a JWS: for ES256 r and s, 32 bytes each (RFC 7518, section 3.4).
  bool Verify(std::string_view bytes, std::string_view signature) const;

 private:
  struct Impl;
  static Result<PublicKey> Checked(void* key, JwtAlgorithm algorithm, std::string_view what);
  explicit PublicKey(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace belfry::wire
