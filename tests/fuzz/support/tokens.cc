// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/support/tokens.h"

#include "libs/common/check.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::fuzz {
namespace {

std::string PublicKey(const std::string& kid, const std::string& algorithm,
                      const std::string& body) {
  return R"({"kid":")" + kid + R"(","alg":")" + algorithm +
         R"(","pem":"-----BEGIN PUBLIC KEY-----\n)" + body + R"(\n-----END PUBLIC KEY-----\n"})";
}

std::string KeysJson() {
  return R"({"keys":[{"kid":"hs","alg":"HS256","secret":")" + wire::Base64UrlEncode(Secret()) +
         "\"}," +
         PublicKey("rs", "RS256",
                   "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuB/urq97HTUqX0dVrzTE\\n"
                   "MKNbvwU4osa2ldogkUPvB2hRyq6eSh56LaJcZk6/jHsHBTw2+enh2KvS62V5BOxt\\n"
                   "UrnBvfiPpXjhMDUCc7qjDMjJYdOFT7jjC17WUYNZllHKIfT6o6JCxnJhAflp+pqu\\n"
                   "iHvhLDD15J5i8qO4XwRmiQmQnRiKXIGmhBHdZd0hMzqwzsR8ChNS+OsMC5kgr7NO\\n"
                   "LgXeI/YJEUXiyxHg+w0HSfiyw+SuCoVVadZlpkHN137GZVdnVefKTX4Mx/goh0ex\\n"
                   "QmCsHe96NfdiM//3xqV2Lj7LCJR//m3ZwP6hyQGIbdwhDlx+E0vH1a7NSpXF918R\\n"
                   "GwIDAQAB") +
         "," +
         PublicKey("es", "ES256",
                   "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElQfwSpcelwj8JZtcKco9xOnPfSDc\\n"
                   "Afvd4+g4xLqd0jDRJd0Sgy1IwDhSWpmbykJ+BtYU1j8nz+nJj1RdK0zJHg==") +
         "," +
         PublicKey("ed", "EdDSA", "MCowBQYDK2VwAyEAfd+M2HwVtalg3NHAZa8A6mpPyYXABkE2ng0t7X4omhI=") +
         "]}";
}

}  // namespace

std::string Secret() { return "this secret is known to everybody"; }

const wire::JwtVerifier& Verifier() {
  static const auto verifier = wire::JwtVerifier::Parse(KeysJson(), {});
  BELFRY_CHECK(verifier.ok());
  return **verifier;
}

std::string SignedBy(std::string_view secret, std::string_view header, std::string_view payload) {
  const std::string bytes = wire::Base64UrlEncode(header) + "." + wire::Base64UrlEncode(payload);
  return bytes + "." + wire::Base64UrlEncode(wire::HmacSha256(secret, bytes));
}

std::string TokenOfAlice(const std::string& audience, std::int64_t lifetime_s) {
  return wire::SignJwt({"hs", Secret()}, {"demo", "alice", audience, "", kNow, kNow + lifetime_s});
}

}  // namespace belfry::fuzz
