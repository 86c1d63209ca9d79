// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/credentials.h"

#include <string>

#include "libs/common/ascii.h"

namespace belfry::wire {

Result<Credentials> CredentialsOf(const TokenPlaces& places, bool tickets) {
  constexpr std::string_view kScheme = "Bearer";
  if (places.misused_parameter) {
    return Fail(Code::kUnauthenticated,
                "a token in the URL (" + std::string(*places.misused_parameter) +
                    ") is refused: use a ticket",
                "TOKEN_IN_URL");
  }
  if (const auto& header = places.authorization) {
    const std::string_view scheme = header->substr(0, header->find(' '));
    const std::string_view token = Trim(header->substr(scheme.size()));
    const bool bearer = EqualsWithoutCase(scheme, kScheme);
    if (bearer && !token.empty()) {
      return Credentials{TokenPlace::kAuthorization, token};
    }
    // Another scheme is somebody else's, say of a proxy with a password.
    if (bearer || (!places.ticket && !places.cookie)) {
      return Fail(Code::kUnauthenticated, "Authorization is not \"Bearer <token>\"",
                  "MALFORMED_CREDENTIALS");
    }
  }
  if (places.ticket) {
    if (!tickets) {
      return Fail(Code::kUnauthenticated, "a ticket is only valid for /v1/stream",
                  "TICKET_MISPLACED");
    }
    return Credentials{TokenPlace::kTicket, *places.ticket};
  }
  if (places.cookie) {
    return Credentials{TokenPlace::kCookie, *places.cookie};
  }
  return Fail(Code::kUnauthenticated,
              tickets ? "no token: send the cookie belfry_token, Authorization: Bearer, or ?ticket="
                      : "no token: send the cookie belfry_token or Authorization: Bearer",
              "MISSING_CREDENTIALS");
}

Result<Identity> Verify(const JwtVerifier& verifier, const Credentials& credentials,
                        std::int64_t now_unix_s) {
  Result<Identity> identity = verifier.Verify(credentials.token, now_unix_s);
  const bool in_url = credentials.place == TokenPlace::kTicket;
  if (!identity.ok() || identity->ticket == in_url) {
    return identity;
  }
  if (in_url) {
    return Fail(Code::kUnauthenticated,
                "a URL may only carry a ticket (aud \"belfry-stream\"), not a long-lived token",
                "TOKEN_IN_URL");
  }
  const char* const where =
      credentials.place == TokenPlace::kCookie ? "cookie" : "Authorization header";
  return Fail(Code::kUnauthenticated,
              std::string("a ticket is only valid as ?ticket=, not in the ") + where,
              "TICKET_MISPLACED");
}

}  // namespace belfry::wire
