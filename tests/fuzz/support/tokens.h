// SPDX-License-Identifier: Apache-2.0
// Keys and tokens that never change, so that a corpus means the same for ever.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libs/wire/auth/jwt.h"

namespace belfry::fuzz {

inline constexpr std::int64_t kNow = 1'700'000'000;
// Of the key "hs".
std::string Secret();

// Knows "hs" (HS256) and public keys whose private halves were thrown away after they had signed
// one token each (the corpus has them): "rs", "es", "ed".
const wire::JwtVerifier& Verifier();

// "header.payload" signed by `secret`.
std::string SignedBy(std::string_view secret, std::string_view header, std::string_view payload);

// A token of the user "alice" of "demo", good at kNow; `audience` may be "belfry-stream".
std::string TokenOfAlice(const std::string& audience, std::int64_t lifetime_s);

}  // namespace belfry::fuzz
