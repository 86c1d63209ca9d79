// SPDX-License-Identifier: Apache-2.0
// Tokens that must be refused, and for which reason.
#include <gtest/gtest.h>

#include <string>

#include "libs/wire/auth/jwt.h"
#include "tests/unit/wire_auth/forge.h"

namespace belfry::wire {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kSecret(32, 's');
const std::string kHeader = R"({"alg":"HS256","kid":"hs"})";
const std::string kPayload = R"({"sub":"alice","project":"demo","exp":1700000060})";

class JwtAttacks : public ::testing::Test {
 protected:
  JwtAttacks() { Use({}); }

  void Use(JwtRules rules) {
    auto verifier = JwtVerifier::Parse("{\"keys\":[" + SecretKey("hs", kSecret) + "," +
                                           PemKey("rs", "RS256", rsa().PublicPem()) + "," +
                                           PemKey("es", "ES256", ec().PublicPem()) + "]}",
                                       std::move(rules));
    EXPECT_TRUE(verifier.ok()) << verifier.error().ToString();
    verifier_ = *verifier;
  }

  static const KeyPair& rsa() {
    static const KeyPair key = KeyPair::Rsa(2048);
    return key;
  }
  static const KeyPair& ec() {
    static const KeyPair key = KeyPair::Ec("P-256");
    return key;
  }

  // Why `token` is refused; "" if it is taken.
  std::string Reason(const std::string& token, std::int64_t now = kNow) const {
    const auto identity = verifier_->Verify(token, now);
    if (identity.ok()) {
      return "";
    }
    EXPECT_EQ(identity.error().code, Code::kUnauthenticated);
    EXPECT_EQ(identity.error().message.find(kSecret), std::string::npos);
    return identity.error().reason;
  }
  std::string ReasonOfHeader(const std::string& header) const {
    return Reason(Forge(header, kPayload, Hmac(kSecret)));
  }
  std::string ReasonOfPayload(const std::string& payload) const {
    return Reason(Forge(kHeader, payload, Hmac(kSecret)));
  }
  // With these members beside a good subject and project.
  std::string ReasonOfClaims(const std::string& members) const {
    return ReasonOfPayload(R"({"sub":"alice","project":"demo",)" + members + "}");
  }

  std::shared_ptr<const JwtVerifier> verifier_;
};

TEST_F(JwtAttacks, TheUnspoiltTokenIsTaken) { EXPECT_EQ(ReasonOfHeader(kHeader), ""); }

TEST_F(JwtAttacks, TheAlgorithmIsTheKeysNotTheTokens) {
  const Signer nobody = [](std::string_view) { return std::string(); };
  for (const std::string alg : {"none", "None", "NONE", "nOnE"}) {
    EXPECT_EQ(Reason(Forge(R"({"alg":")" + alg + R"("})", kPayload, nobody)), "TOKEN_ALGORITHM");
    EXPECT_EQ(Reason(Forge(R"({"alg":")" + alg + R"(","kid":"hs"})", kPayload, nobody)),
              "TOKEN_ALGORITHM");
  }
  // The public key, which everybody has, as an HMAC secret.
  for (const std::string& pem : {rsa().PublicPem(), ec().PublicPem()}) {
    for (const std::string kid : {R"(,"kid":"rs")", R"(,"kid":"es")"}) {
      EXPECT_EQ(Reason(Forge(R"({"alg":"HS256")" + kid + "}", kPayload, Hmac(pem))),
                "TOKEN_ALGORITHM");
    }
    EXPECT_EQ(Reason(Forge(R"({"alg":"HS256"})", kPayload, Hmac(pem))), "TOKEN_SIGNATURE");
  }
  for (const std::string alg :
       {"HS384", "HS512", "RS512", "ES384", "PS256", "hs256", "HS256 ", ""}) {
    EXPECT_EQ(ReasonOfHeader(R"({"alg":")" + alg + R"(","kid":"hs"})"), "TOKEN_ALGORITHM") << alg;
  }
  EXPECT_EQ(ReasonOfHeader(R"({"kid":"hs"})"), "TOKEN_ALGORITHM");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":null,"kid":"hs"})"), "TOKEN_ALGORITHM");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":["HS256"],"kid":"hs"})"), "TOKEN_ALGORITHM");
}

TEST_F(JwtAttacks, TheKeyMustBeKnown) {
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":"x"})"), "TOKEN_UNKNOWN_KEY");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":""})"), "TOKEN_UNKNOWN_KEY");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":"HS"})"), "TOKEN_UNKNOWN_KEY");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":"../../dev/null"})"), "TOKEN_UNKNOWN_KEY");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":1})"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":null})"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"RS256","kid":"hs"})"), "TOKEN_ALGORITHM");
}

TEST_F(JwtAttacks, KeysThatATokenBringsAlongAreIgnored) {
  const Signer mine = Hmac(std::string(32, 'm'));
  for (const std::string more :
       {R"("jwk":{"kty":"oct","k":"bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0"})",
        R"("jku":"http://127.0.0.1/keys")", R"("x5u":"http://127.0.0.1/")", R"("x5c":["AA"])"}) {
    EXPECT_EQ(Reason(Forge(R"({"alg":"HS256",)" + more + "}", kPayload, mine)), "TOKEN_SIGNATURE");
  }
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","crit":["exp"]})"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","crit":["b64"],"b64":false})"), "TOKEN_MALFORMED");
}

TEST_F(JwtAttacks, EachByteIsSigned) {
  const std::string token = Forge(kHeader, kPayload, Hmac(kSecret));
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char other : {'A', 'B', '_', '.', '='}) {
      if (token[at] == other) {
        continue;
      }
      std::string changed = token;
      changed[at] = other;
      EXPECT_NE(Reason(changed), "") << changed;
    }
    EXPECT_NE(Reason(token.substr(0, at)), "") << at;
  }
}

TEST_F(JwtAttacks, EcdsaSignaturesHaveOneForm) {
  const std::string header = R"({"alg":"ES256","kid":"es"})";
  const auto reason = [&](const Signer& signer) { return Reason(Forge(header, kPayload, signer)); };
  EXPECT_EQ(reason([](std::string_view b) { return ec().SignRaw(b); }), "");
  EXPECT_EQ(reason([](std::string_view b) { return ec().Sign(b); }), "TOKEN_SIGNATURE") << "DER";
  EXPECT_EQ(reason([](std::string_view b) { return ec().SignRaw(b) + "x"; }), "TOKEN_SIGNATURE");
  EXPECT_EQ(reason([](std::string_view b) { return ec().SignRaw(b).substr(1); }),
            "TOKEN_SIGNATURE");
  EXPECT_EQ(reason([](std::string_view) { return std::string(64, '\0'); }), "TOKEN_SIGNATURE")
      << "r = s = 0 (CVE-2022-21449)";
  EXPECT_EQ(reason([](std::string_view) { return std::string(64, '\xFF'); }), "TOKEN_SIGNATURE");
  EXPECT_EQ(reason([](std::string_view) { return std::string(); }), "TOKEN_SIGNATURE");
}

TEST_F(JwtAttacks, ThreePartsNoMoreNoLess) {
  const std::string token = Forge(kHeader, kPayload, Hmac(kSecret));
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b"),
        "." + token, token + ".", token + ".x", token + "." + token,
        token.substr(0, token.rfind('.')), " " + token, token + " ", token + "\n", "\"" + token,
        std::string("Bearer ") + token, std::string("null")}) {
    EXPECT_EQ(Reason(text), "TOKEN_MALFORMED") << text;
  }
  EXPECT_EQ(Reason(token.substr(0, token.rfind('.') + 1)), "TOKEN_SIGNATURE") << "an empty one";
}

TEST_F(JwtAttacks, Base64UrlIsTakenInOneFormOnly) {
  const std::string token = Forge(kHeader, kPayload, Hmac(kSecret));
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  EXPECT_EQ(Reason(token + "="), "TOKEN_MALFORMED") << "padded";
  EXPECT_EQ(Reason(token.substr(0, first) + "=" + token.substr(first)), "TOKEN_MALFORMED");
  EXPECT_EQ(Reason(token.substr(0, last + 5) + "\n" + token.substr(last + 5)), "TOKEN_MALFORMED");
  // 32 bytes end in a character of which two bits are left over: each of the other three would
  // decode to the same bytes elsewhere.
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::size_t value = alphabet.find(token.back());
  ASSERT_EQ(value % 4, 0u);
  for (std::size_t other = value + 1; other < value + 4; ++other) {
    EXPECT_EQ(Reason(token.substr(0, token.size() - 1) + alphabet[other]), "TOKEN_MALFORMED");
  }
  EXPECT_FALSE(Base64UrlDecode("+/+/"));
  EXPECT_FALSE(Base64UrlDecode("A"));
  EXPECT_FALSE(Base64UrlDecode("AAAAA"));
  EXPECT_EQ(Base64UrlDecode("-_-_"), "\xFB\xFF\xBF");
}

TEST_F(JwtAttacks, ATokenHasABound) {
  JwtRules rules;
  rules.token_bytes_max = Forge(kHeader, kPayload, Hmac(kSecret)).size();
  Use(rules);
  EXPECT_EQ(ReasonOfPayload(kPayload), "");
  rules.token_bytes_max -= 1;
  Use(rules);
  EXPECT_EQ(ReasonOfPayload(kPayload), "TOKEN_TOO_LARGE");
  EXPECT_EQ(Reason(std::string(10'000'000, 'a')), "TOKEN_TOO_LARGE");
}

TEST_F(JwtAttacks, HeaderAndClaimsAreOneJsonObjectEach) {
  for (const std::string json :
       {"", "null", "[]", "1", "\"x\"", "{", "{}{}", "{},", "{\"a\":1,}", "{\"sub\":'alice'}",
        "\xEF\xBB\xBF{}", "{\"sub\":\"\xFF\"}", "{\"a\":1,\"a\":1}"}) {
    EXPECT_EQ(ReasonOfPayload(json), "TOKEN_MALFORMED") << json;
    EXPECT_EQ(ReasonOfHeader(json), "TOKEN_MALFORMED") << json;
  }
  EXPECT_EQ(ReasonOfPayload("{\"a\":" + std::string(1'000, '[') + std::string(1'000, ']') + "}"),
            "TOKEN_MALFORMED");
}

TEST_F(JwtAttacks, AClaimGivenTwiceIsRefused) {
  EXPECT_EQ(ReasonOfPayload(R"({"sub":"alice","sub":"bob","project":"demo","exp":1700000060})"),
            "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"exp":9999999999)"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"none","alg":"HS256"})"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfHeader(R"({"alg":"HS256","kid":"rs","kid":"hs"})"), "TOKEN_MALFORMED");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"s\u0075b":"bob")"), "TOKEN_MALFORMED") << "escaped";
}

TEST_F(JwtAttacks, ExpiryIsANumberThatHasNotPassed) {
  for (const std::string exp :
       {R"("1700000060")", "null", "true", "[]", "{}", "-1", "1e400", "99999999999999999999",
        "18446744073709551615", "9223372036854775807", "1e300"}) {
    EXPECT_EQ(ReasonOfClaims("\"exp\":" + exp), "TOKEN_CLAIMS") << exp;
  }
  EXPECT_EQ(ReasonOfPayload(R"({"sub":"alice","project":"demo"})"), "TOKEN_CLAIMS");
  EXPECT_EQ(ReasonOfClaims("\"exp\":0"), "TOKEN_EXPIRED");
  EXPECT_EQ(ReasonOfClaims("\"exp\":1699999995"), "TOKEN_EXPIRED") << "leeway is 5 s";
  EXPECT_EQ(ReasonOfClaims("\"exp\":1699999996"), "");
  EXPECT_EQ(ReasonOfClaims("\"exp\":1700000000.5"), "");
  EXPECT_EQ(ReasonOfClaims("\"exp\":1.7e9"), "");
}

TEST_F(JwtAttacks, NotBeforeAndIssuedAtHold) {
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"nbf":1700000006)"), "TOKEN_NOT_YET_VALID");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"nbf":1700000005)"), "");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iat":1700000006)"), "TOKEN_NOT_YET_VALID");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iat":1700000005)"), "");
  for (const std::string value : {"\"1\"", "null", "-1", "1e300"}) {
    EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"nbf":)" + value), "TOKEN_CLAIMS") << value;
    EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iat":)" + value), "TOKEN_CLAIMS") << value;
  }
}

TEST_F(JwtAttacks, AnAudienceMustBeOurs) {
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"aud":"belfry")"), "");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"aud":["x","belfry"])"), "");
  for (const std::string aud : {"\"other\"", "\"\"", "\"Belfry\"", "\"belfry2\"", "[]", "[\"x\"]",
                                "[[\"belfry\"]]", "null", "1", "{\"belfry\":1}"}) {
    EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"aud":)" + aud), "TOKEN_AUDIENCE") << aud;
  }
}

TEST_F(JwtAttacks, ARequiredIssuerMustBeThere) {
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iss":"anybody")"), "") << "none is required";
  JwtRules rules;
  rules.issuer = "https://a.example";
  Use(rules);
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iss":"https://a.example")"), "");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iss":"https://a.example/")"), "TOKEN_ISSUER");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060,"iss":["https://a.example"])"), "TOKEN_ISSUER");
  EXPECT_EQ(ReasonOfClaims(R"("exp":1700000060)"), "TOKEN_ISSUER");
}

TEST_F(JwtAttacks, SubjectAndProjectHaveAForm) {
  const auto with = [&](const std::string& sub, const std::string& project) {
    return ReasonOfPayload(R"({"sub":)" + sub + R"(,"project":)" + project +
                           R"(,"exp":1700000060})");
  };
  const std::string longest(128, 'u');
  EXPECT_EQ(with("\"" + longest + "\"", "\"a.B_9-" + std::string(58, 'p') + "\""), "");
  EXPECT_EQ(with("\"a b/\\\"\xC3\xA9\"", "\"p\""), "");
  for (const std::string& sub :
       {std::string("\"\""), "\"" + longest + "u\"", std::string("\"a\\u0000b\""),
        std::string("\"a\\nb\""), std::string("\"a\\r\""), std::string("\"\\u007f\""),
        std::string("\"\\u0085\""), std::string("\"\\u001b[0m\""), std::string("1"),
        std::string("null"), std::string("[\"alice\"]")}) {
    EXPECT_EQ(with(sub, "\"demo\""), "TOKEN_CLAIMS") << sub;
  }
  for (const std::string& project :
       {std::string("\"\""), "\"" + std::string(65, 'p') + "\"", std::string("\"a b\""),
        std::string("\"a/b\""), std::string("\"\xC3\xA9\""), std::string("\"a\\u0000\""),
        std::string("\"*\""), std::string("1"), std::string("null")}) {
    EXPECT_EQ(with("\"alice\"", project), "TOKEN_CLAIMS") << project;
  }
  EXPECT_EQ(ReasonOfPayload(R"({"project":"demo","exp":1700000060})"), "TOKEN_CLAIMS");
  EXPECT_EQ(ReasonOfPayload(R"({"sub":"alice","exp":1700000060})"), "TOKEN_CLAIMS");
}

TEST_F(JwtAttacks, ATicketIsShortLived) {
  const auto ticket = [&](const std::string& members) {
    return ReasonOfClaims(R"("aud":"belfry-stream",)" + members);
  };
  EXPECT_EQ(ticket(R"("iat":1700000000,"exp":1700000060)"), "");
  EXPECT_EQ(ticket(R"("iat":1700000000,"exp":1700000061)"), "TICKET_TOO_LONG_LIVED");
  EXPECT_EQ(ticket(R"("exp":1700000010)"), "TICKET_TOO_LONG_LIVED") << "it cannot be known";
  EXPECT_EQ(ticket(R"("iat":0,"exp":1700000010)"), "TICKET_TOO_LONG_LIVED");
  EXPECT_EQ(ticket(R"("iat":1700000060,"exp":1700000120)"), "TOKEN_NOT_YET_VALID")
      << "a ticket for later lives longer";
  const auto both =
      verifier_->Verify(Forge(kHeader,
                              R"({"sub":"a","project":"p","iat":1700000000,"exp":1700000060,)"
                              R"("aud":["belfry","belfry-stream"]})",
                              Hmac(kSecret)),
                        kNow);
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(both->ticket) << "the stricter rule holds for both";
}

}  // namespace
}  // namespace belfry::wire
