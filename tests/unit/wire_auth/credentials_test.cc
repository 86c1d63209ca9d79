// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/credentials.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry::wire {
namespace {

// Takes "token" for a token and "ticket" for a ticket.
class FakeVerifier final : public JwtVerifier {
 public:
  Result<Identity> Verify(std::string_view token, std::int64_t) const override {
    if (token != "token" && token != "ticket") {
      return Fail(Code::kUnauthenticated, "forged", "TOKEN_SIGNATURE");
    }
    Identity identity;
    identity.user_id = "alice";
    identity.ticket = token == "ticket";
    return identity;
  }
  bool HasKey(std::uint64_t) const override { return true; }
};

// Where the token that decides was, or the reason of the refusal.
std::string Decide(const TokenPlaces& places, bool tickets = true) {
  const auto credentials = CredentialsOf(places, tickets);
  if (!credentials.ok()) {
    EXPECT_EQ(credentials.error().code, Code::kUnauthenticated);
    return credentials.error().reason;
  }
  if (const auto identity = Verify(FakeVerifier(), *credentials, 0); !identity.ok()) {
    EXPECT_EQ(identity.error().code, Code::kUnauthenticated);
    return identity.error().reason;
  }
  switch (credentials->place) {
    case TokenPlace::kAuthorization:
      return "header";
    case TokenPlace::kTicket:
      return "ticket";
    case TokenPlace::kCookie:
      return "cookie";
  }
  return "";
}

TEST(Credentials, WhatTheClientSetsForThisRequestBeatsTheCookie) {
  EXPECT_EQ(Decide({}), "MISSING_CREDENTIALS");
  EXPECT_EQ(Decide({.cookie = "token"}), "cookie");
  EXPECT_EQ(Decide({.ticket = "ticket", .cookie = "token"}), "ticket");
  EXPECT_EQ(Decide({.authorization = "bearer   token ", .ticket = "ticket", .cookie = "token"}),
            "header");
  // The one that is there decides, good or not.
  EXPECT_EQ(Decide({.ticket = "forged", .cookie = "token"}), "TOKEN_SIGNATURE");
  EXPECT_EQ(Decide({.authorization = "Bearer forged", .ticket = "ticket", .cookie = "token"}),
            "TOKEN_SIGNATURE");
}

TEST(Credentials, AnotherSchemeIsPassedOverWhenATicketOrACookieIsThere) {
  for (const char* header : {"", "token", "Basic token", "Bearertoken"}) {
    EXPECT_EQ(Decide({.authorization = header}), "MALFORMED_CREDENTIALS") << header;
    EXPECT_EQ(Decide({.authorization = header, .cookie = "token"}), "cookie") << header;
    EXPECT_EQ(Decide({.authorization = header, .ticket = "ticket"}), "ticket") << header;
  }
  for (const char* header : {"Bearer", "bearer "}) {
    EXPECT_EQ(Decide({.authorization = header, .cookie = "token"}), "MALFORMED_CREDENTIALS")
        << header;
  }
}

TEST(Credentials, AUrlCarriesTicketsOnlyAndOnlyItDoes) {
  EXPECT_EQ(Decide({.ticket = "token"}), "TOKEN_IN_URL");
  EXPECT_EQ(Decide({.cookie = "ticket"}), "TICKET_MISPLACED");
  EXPECT_EQ(Decide({.authorization = "Bearer ticket"}), "TICKET_MISPLACED");
  EXPECT_EQ(Decide({.ticket = "ticket"}, false), "TICKET_MISPLACED");
  // Other credentials do not make it better, and the token itself is not repeated.
  const TokenPlaces misused{.authorization = "Bearer token", .misused_parameter = "access_token"};
  EXPECT_EQ(Decide(misused), "TOKEN_IN_URL");
  EXPECT_NE(CredentialsOf(misused, true).error().message.find("access_token"), std::string::npos);
}

}  // namespace
}  // namespace belfry::wire
