// SPDX-License-Identifier: Apache-2.0
// Keys for tokens in JWK form (RFC 7517, 7518, 8037), as identity providers publish them.
#pragma once

#include <boost/json/object.hpp>
#include <optional>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt_keys.h"

namespace belfry::wire {

// Whether an entry of a keys file is in JWK form: it has "kty".
bool IsJwk(const boost::json::object& object);

// A key that verifies tokens: an RSA key (RS256), an EC key on P-256 (ES256), an Ed25519 key
// (EdDSA), or an octet sequence (HS256). `kid` is the caller's to read. std::nullopt: a key for
// something else (encryption, another algorithm, curve or type), which a set may have beside ours
// and which is passed over. kInvalidArgument: one of ours that cannot be used, or that has its
// private part.
Result<std::optional<JwtKey>> ReadJwk(const boost::json::object& object);

}  // namespace belfry::wire
