// SPDX-License-Identifier: Apache-2.0
// A browser's token: where a request may carry it, and which of several decides. Stateless; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::wire {

// Every place in a request where a token may be, or is put by mistake. std::nullopt: not there.
struct TokenPlaces {
  std::optional<std::string_view> authorization{};  // the header's whole value
  std::optional<std::string_view> ticket{};         // ?ticket=
  std::optional<std::string_view> cookie{};         // belfry_token
  // The name of the first other query parameter that carries a token: "access_token".
  std::optional<std::string_view> misused_parameter{};
};

enum class TokenPlace { kAuthorization, kTicket, kCookie };

// The token that decides. A view of the request.
struct Credentials {
  TokenPlace place = TokenPlace::kAuthorization;
  std::string_view token;
};

// The first of `Authorization: Bearer`, ?ticket= and the cookie that is there: what the client sets
// for this request beats what the browser always sends. `tickets`: whether the request may carry
// one. kUnauthenticated: MISSING_CREDENTIALS, MALFORMED_CREDENTIALS (Bearer without a token, or
// another scheme and neither ticket nor cookie: with one of these it is passed over), TOKEN_IN_URL
// (a URL may contain tickets only), TICKET_MISPLACED (tickets are not accepted).
Result<Credentials> CredentialsOf(const TokenPlaces& places, bool tickets);

// The identity that they prove. kUnauthenticated: TOKEN_IN_URL (no ticket where one must be),
// TICKET_MISPLACED (a ticket anywhere else), or as JwtVerifier says.
Result<Identity> Verify(const JwtVerifier& verifier, const Credentials& credentials,
                        std::int64_t now_unix_s);

}  // namespace belfry::wire
