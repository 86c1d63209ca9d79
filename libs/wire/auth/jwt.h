// SPDX-License-Identifier: Apache-2.0
// Browsers' tokens: JSON Web Tokens (RFC 7519, 7515, 8037), checked with OpenSSL's EVP.
// The algorithm is pinned by the key, never taken from the token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace belfry::wire {

enum class JwtAlgorithm { kHs256, kRs256, kEs256, kEdDsa };

// The user whom a verified token names.
struct Identity {
  std::string project;
  std::string user_id;         // "sub"
  std::int64_t expires_s = 0;  // "exp", unix seconds
  // "iat"; of a token without one the earliest that it can be, see JwtRules::lifetime_s_max.
  std::int64_t issued_s = 0;
  bool ticket = false;  // "aud" is (or has) "belfry-stream": only good in ?ticket=
  // From then on it is refused as expired: "exp" and the leeway.
  std::int64_t refused_from_s = 0;
  std::optional<std::int64_t> stream_until_s = {};  // of a ticket: "stream_exp"
  std::uint64_t key = 0;                            // which key has verified it, see HasKey
};

struct JwtRules {
  std::string issuer;               // required "iss" if not empty
  std::string audience = "belfry";  // a token with an "aud" must have it, or be a ticket
  std::int64_t leeway_s = 5;        // for exp, nbf, iat
  // exp - iat of any token. One without iat counts as issued so long before its exp: it cannot be
  // told from one that is so old.
  std::int64_t lifetime_s_max = std::int64_t{30} * 24 * 3600;
  std::int64_t ticket_lifetime_s_max = 60;  // exp - iat of a ticket
  std::size_t token_bytes_max = 8 * 1024;
};

// An immutable set of verification keys; replace the whole on reload. Thread-safe.
class JwtVerifier {
 public:
  virtual ~JwtVerifier() = default;
  // The file is JSON: {"keys":[{"kid","alg":"HS256","secret":"<base64url, >= 32 bytes>"} or
  // {"kid","alg":"RS256"|"ES256"|"EdDSA","pem":"-----BEGIN PUBLIC KEY-----..."}]}. Several at once:
  // rotation. A token with a kid is tried against that key only, one without against all.
  // An entry may as well be a JWK ({"kid","kty",...}), so that a provider's JWKS can be the file;
  // keys of it that are for something else are passed over. kInvalidArgument names the key and what
  // is wrong (an RSA key under 2,048 bits, a curve that is not P-256 or Ed25519, a short secret, a
  // kid twice).
  static Result<std::shared_ptr<const JwtVerifier>> Load(const std::string& path, JwtRules rules);
  static Result<std::shared_ptr<const JwtVerifier>> Parse(std::string_view json, JwtRules rules);

  // kUnauthenticated with a reason: "TOKEN_TOO_LARGE", "TOKEN_MALFORMED", "TOKEN_ALGORITHM",
  // "TOKEN_UNKNOWN_KEY", "TOKEN_SIGNATURE", "TOKEN_EXPIRED", "TOKEN_NOT_YET_VALID", "TOKEN_ISSUER",
  // "TOKEN_AUDIENCE", "TOKEN_CLAIMS" (sub, project or exp missing or malformed),
  // "TOKEN_TOO_LONG_LIVED", "TICKET_TOO_LONG_LIVED".
  virtual Result<Identity> Verify(std::string_view token, std::int64_t now_unix_s) const = 0;
  // Whether the key that an Identity names is one of these: whether its token would verify today.
  virtual bool HasKey(std::uint64_t key) const = 0;
};

// Signs with an HS256 key (the CLI, the demo, tests).
struct JwtSigner {
  std::string kid;
  std::string secret;  // raw bytes, >= 32
};
struct JwtClaims {
  std::string project;
  std::string user_id;
  std::string audience;  // left out if empty
  std::string issuer;    // left out if empty
  std::int64_t issued_s = 0;
  std::int64_t expires_s = 0;
  std::string id = {};              // "jti", left out if empty
  std::int64_t stream_until_s = 0;  // "stream_exp", left out if 0
};
std::string SignJwt(const JwtSigner& signer, const JwtClaims& claims);
// The first HS256 key of a keys file. kFailedPrecondition: it has none.
Result<JwtSigner> LoadSigner(const std::string& path);
// A fresh HS256 keys file.
std::string MakeJwtKeysJson(const std::string& kid);

}  // namespace belfry::wire
