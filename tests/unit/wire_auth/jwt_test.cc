// SPDX-License-Identifier: Apache-2.0
// Which tokens are accepted. jwt_attacks_test.cc has the forged ones.
#include "libs/wire/auth/jwt.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/support/temp_dir.h"
#include "tests/unit/wire_auth/forge.h"

namespace belfry::wire {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kSecret(32, 's');

std::string Keys(const std::string& keys) { return "{\"keys\":[" + keys + "]}"; }

std::shared_ptr<const JwtVerifier> Verifier(const std::string& keys, JwtRules rules = {}) {
  auto verifier = JwtVerifier::Parse(Keys(keys), std::move(rules));
  EXPECT_TRUE(verifier.ok()) << verifier.error().ToString();
  return *verifier;
}

std::string ParseError(const std::string& json) {
  const auto verifier = JwtVerifier::Parse(json, {});
  if (verifier.ok()) {
    return "accepted";
  }
  EXPECT_EQ(verifier.error().code, Code::kInvalidArgument);
  return verifier.error().message;
}

const std::string kPayload = R"({"sub":"alice","project":"demo","exp":1700000060})";

TEST(Jwt, TakesWhatSignJwtMakes) {
  JwtClaims claims;
  claims.project = "demo";
  claims.user_id = "al\"ice \xC3\xA9";
  claims.issued_s = kNow;
  claims.expires_s = kNow + 60;
  const auto identity =
      Verifier(SecretKey("k", kSecret))->Verify(SignJwt({"k", kSecret}, claims), kNow);
  ASSERT_TRUE(identity.ok()) << identity.error().ToString();
  EXPECT_EQ(identity->project, "demo");
  EXPECT_EQ(identity->user_id, "al\"ice \xC3\xA9");
  EXPECT_EQ(identity->expires_s, kNow + 60);
  EXPECT_EQ(identity->issued_s, kNow);
  EXPECT_FALSE(identity->ticket);
}

// RFC 7515, appendix A.1: another implementation's bytes. Its claims are not ours, so it is the
// signature that must be found right and the claims that are refused.
TEST(Jwt, AgreesWithTheStandardsHmacExample) {
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
      "lfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const std::string key =
      R"({"kid":"a","alg":"HS256","secret":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75)"
      R"(aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
  const auto identity = Verifier(key)->Verify(token, kNow);
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.error().reason, "TOKEN_CLAIMS");
}

// RFC 8037, appendix A.4: an Ed25519 signature over a payload that is no JSON.
TEST(Jwt, AgreesWithTheStandardsEdDsaExample) {
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
      "-----END PUBLIC KEY-----\n";
  const std::string token =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
      "09PGcvMg"
      "3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  const auto verifier = Verifier(PemKey("a", "EdDSA", pem));
  EXPECT_EQ(verifier->Verify(token, kNow).error().reason, "TOKEN_MALFORMED") << "not the signature";
  std::string changed = token;
  char& spoilt = changed[changed.size() - 10];
  spoilt = spoilt == 'A' ? 'B' : 'A';
  EXPECT_EQ(verifier->Verify(changed, kNow).error().reason, "TOKEN_SIGNATURE");
}

TEST(Jwt, TakesEachAlgorithmAndKeepsToTheKeys) {
  const KeyPair rsa = KeyPair::Rsa(2048);
  const KeyPair ec = KeyPair::Ec("P-256");
  const KeyPair ed = KeyPair::Ed25519();
  const auto verifier =
      Verifier(SecretKey("hs", kSecret) + "," + PemKey("rs", "RS256", rsa.PublicPem()) + "," +
               PemKey("es", "ES256", ec.PublicPem()) + "," + PemKey("ed", "EdDSA", ed.PublicPem()));
  const std::pair<std::string, Signer> kSigners[] = {
      {R"("HS256","kid":"hs")", Hmac(kSecret)},
      {R"("RS256","kid":"rs")", [&](std::string_view bytes) { return rsa.Sign(bytes); }},
      {R"("ES256","kid":"es")", [&](std::string_view bytes) { return ec.SignRaw(bytes); }},
      {R"("EdDSA","kid":"ed")", [&](std::string_view bytes) { return ed.Sign(bytes); }},
  };
  for (const auto& [header, signer] : kSigners) {
    const std::string named = R"({"alg":)" + header + "}";
    EXPECT_TRUE(verifier->Verify(Forge(named, kPayload, signer), kNow).ok()) << named;
    const std::string unnamed = named.substr(0, named.find(',')) + "}";
    EXPECT_TRUE(verifier->Verify(Forge(unnamed, kPayload, signer), kNow).ok()) << unnamed;
    for (const auto& [other, other_signer] : kSigners) {
      if (other == header) {
        continue;
      }
      EXPECT_FALSE(verifier->Verify(Forge(named, kPayload, other_signer), kNow).ok())
          << named << " signed as " << other;
    }
  }
}

// ES256 signatures have varying lengths as DER and often leading zeros: many of them, all good.
TEST(Jwt, TakesEveryEcdsaSignature) {
  const KeyPair ec = KeyPair::Ec("P-256");
  const auto verifier = Verifier(PemKey("es", "ES256", ec.PublicPem()));
  const Signer signer = [&](std::string_view bytes) { return ec.SignRaw(bytes); };
  for (int i = 0; i < 600; ++i) {
    const std::string header = R"({"alg":"ES256","n":)" + std::to_string(i) + "}";
    ASSERT_TRUE(verifier->Verify(Forge(header, kPayload, signer), kNow).ok()) << i;
  }
}

TEST(Jwt, RotatesKeys) {
  const std::string next(32, 'n');
  const Signer old_signer = Hmac(kSecret);
  const Signer next_signer = Hmac(next);
  const auto both = Verifier(SecretKey("old", kSecret) + "," + SecretKey("next", next));
  for (const std::string kid : {R"(,"kid":"old")", ""}) {
    EXPECT_TRUE(
        both->Verify(Forge(R"({"alg":"HS256")" + kid + "}", kPayload, old_signer), kNow).ok());
  }
  for (const std::string kid : {R"(,"kid":"next")", ""}) {
    EXPECT_TRUE(
        both->Verify(Forge(R"({"alg":"HS256")" + kid + "}", kPayload, next_signer), kNow).ok());
  }
  const auto after = Verifier(SecretKey("next", next));
  EXPECT_EQ(after->Verify(Forge(R"({"alg":"HS256","kid":"old"})", kPayload, old_signer), kNow)
                .error()
                .reason,
            "TOKEN_UNKNOWN_KEY");
  EXPECT_EQ(after->Verify(Forge(R"({"alg":"HS256"})", kPayload, old_signer), kNow).error().reason,
            "TOKEN_SIGNATURE");
}

// {"sub":"alice","project":"demo"} and more.
std::string Claims(const std::string& more) {
  return R"({"sub":"alice","project":"demo",)" + more + "}";
}

TEST(Jwt, LivesNoLongerThanIsAllowed) {
  JwtRules rules;
  rules.lifetime_s_max = 3600;
  const auto verifier = Verifier(SecretKey("k", kSecret), rules);
  const auto verify = [&](const std::string& claims, std::int64_t now = kNow) {
    return verifier->Verify(Forge(R"({"alg":"HS256"})", Claims(claims), Hmac(kSecret)), now);
  };
  const auto in = [](std::int64_t seconds) { return std::to_string(kNow + seconds); };
  EXPECT_TRUE(verify("\"iat\":" + in(0) + ",\"exp\":" + in(3600)).ok());
  EXPECT_EQ(verify("\"iat\":" + in(0) + ",\"exp\":" + in(3601)).error().reason,
            "TOKEN_TOO_LONG_LIVED");
  EXPECT_EQ(verify("\"iat\":" + in(-3600) + ",\"exp\":" + in(60)).error().reason,
            "TOKEN_TOO_LONG_LIVED")
      << "however little of it is left";
  // Without iat it counts as issued as early as it can have been.
  const auto without = verify("\"exp\":" + in(60));
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(without->issued_s, kNow + 60 - 3600);
  EXPECT_EQ(verify("\"exp\":" + in(3700)).error().reason, "TOKEN_TOO_LONG_LIVED");
}

TEST(Jwt, SaysWhenItWillBeRefusedAndByWhichKeyItWasVerified) {
  const std::string next(32, 'n');
  JwtRules rules;
  rules.leeway_s = 7;
  const auto both = Verifier(SecretKey("old", kSecret) + "," + SecretKey("next", next), rules);
  const std::string token = Forge(R"({"alg":"HS256"})", kPayload, Hmac(kSecret));
  const auto identity = both->Verify(token, kNow);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->refused_from_s, 1'700'000'067);
  EXPECT_TRUE(both->Verify(token, identity->refused_from_s - 1).ok());
  EXPECT_EQ(both->Verify(token, identity->refused_from_s).error().reason, "TOKEN_EXPIRED");
  EXPECT_TRUE(both->HasKey(identity->key));
  EXPECT_FALSE(Verifier(SecretKey("old", next))->HasKey(identity->key))
      << "by the key, not its kid";
  EXPECT_TRUE(Verifier(SecretKey("renamed", kSecret))->HasKey(identity->key));
}

TEST(Jwt, ATicketMaySayHowLongItsStreamLives) {
  const auto verifier = Verifier(SecretKey("k", kSecret));
  JwtClaims claims;
  claims.project = "demo";
  claims.user_id = "alice";
  claims.audience = "belfry-stream";
  claims.issued_s = kNow;
  claims.expires_s = kNow + 60;
  EXPECT_FALSE(verifier->Verify(SignJwt({"k", kSecret}, claims), kNow)->stream_until_s);
  claims.stream_until_s = kNow + 7'200;
  EXPECT_EQ(verifier->Verify(SignJwt({"k", kSecret}, claims), kNow)->stream_until_s, kNow + 7'200);
  const std::string payload = Claims(R"("exp":1700000060,"stream_exp":"soon")");
  EXPECT_EQ(
      verifier->Verify(Forge(R"({"alg":"HS256"})", payload, Hmac(kSecret)), kNow).error().reason,
      "TOKEN_CLAIMS");
}

TEST(JwtKeys, NamesWhatIsWrongWithAKey) {
  const std::string secret = Base64UrlEncode(kSecret);
  const std::string rsa_1024 = KeyPair::Rsa(1024).PublicPem();
  const std::string p384 = KeyPair::Ec("P-384").PublicPem();
  const std::string p256 = KeyPair::Ec("P-256").PublicPem();
  const std::string private_pem = KeyPair::Ed25519().PrivatePem();
  const std::pair<std::string, std::string> kTable[] = {
      {"", "parse JSON"},
      {"[]", "must be an object"},
      {"{}", "must have a list \"keys\""},
      {R"({"keys":{}})", "must have a list \"keys\""},
      {R"({"keys":[]})", "\"keys\" is empty"},
      {R"({"keys":[1]})", "must be an object"},
      {R"({"keys":[],"more":1})", "unknown member \"more\""},
      {R"({"keys":[],"keys":[]})", "twice"},
      {Keys(R"({"alg":"HS256","secret":")" + secret + "\"}"), "key 1: \"kid\""},
      {Keys(R"({"kid":"","alg":"HS256","secret":")" + secret + "\"}"), "key 1: \"kid\""},
      {Keys(R"({"kid":1,"alg":"HS256","secret":")" + secret + "\"}"), "key 1: \"kid\""},
      {Keys(R"({"kid":"a","secret":")" + secret + "\"}"), "key 1: \"alg\""},
      {Keys(R"({"kid":"a","alg":"none","secret":")" + secret + "\"}"), "key 1: \"alg\""},
      {Keys(R"({"kid":"a","alg":"HS512","secret":")" + secret + "\"}"), "key 1: \"alg\""},
      {Keys(R"({"kid":"a","alg":"hs256","secret":")" + secret + "\"}"), "key 1: \"alg\""},
      {Keys(R"({"kid":"a","alg":"HS256"})"), "\"secret\" must be"},
      {Keys(SecretKey("a", std::string(31, 's'))), "at least 32 bytes"},
      {Keys(R"({"kid":"a","alg":"HS256","secret":")" + secret + "=\"}"), "base64url"},
      {Keys(R"({"kid":"a","alg":"HS256","pem":"x","secret":")" + secret + "\"}"),
       "unknown member \"pem\""},
      {Keys(SecretKey("a", kSecret) + "," + SecretKey("a", kSecret)),
       "key 2: the kid \"a\" is given twice"},
      {Keys(PemKey("a", "RS256", rsa_1024)), "2048"},
      {Keys(PemKey("a", "RS256", p256)), "RS256 needs an RSA key"},
      {Keys(PemKey("a", "ES256", p384)), "P-256"},
      {Keys(PemKey("a", "ES256", rsa_1024)), "P-256"},
      {Keys(PemKey("a", "EdDSA", p256)), "Ed25519"},
      {Keys(PemKey("a", "EdDSA", private_pem)), "not a PEM \"PUBLIC KEY\""},
      {Keys(PemKey("a", "EdDSA", "")), "not a PEM \"PUBLIC KEY\""},
      {Keys(PemKey("a", "HS256", p256)), "unknown member \"pem\""},
  };
  for (const auto& [json, message] : kTable) {
    EXPECT_NE(ParseError(json).find(message), std::string::npos)
        << json << "\n-> " << ParseError(json);
  }
}

TEST(JwtKeys, MessagesDoNotShowSecrets) {
  const std::string secret = Base64UrlEncode(std::string(31, 's'));
  EXPECT_EQ(ParseError(Keys(SecretKey("a", std::string(31, 's')))).find(secret), std::string::npos);
}

TEST(JwtKeys, AreReadFromAFile) {
  const test::TempDir dir;
  const std::string file = dir.Write("keys.json", MakeJwtKeysJson("first"));
  const auto signer = LoadSigner(file);
  ASSERT_TRUE(signer.ok()) << signer.error().ToString();
  EXPECT_EQ(signer->kid, "first");
  EXPECT_EQ(signer->secret.size(), 32u);
  const auto verifier = JwtVerifier::Load(file, {});
  ASSERT_TRUE(verifier.ok()) << verifier.error().ToString();
  EXPECT_TRUE(
      (*verifier)->Verify(SignJwt(*signer, {"demo", "alice", "", "", kNow, kNow + 9}), kNow).ok());
  EXPECT_NE(MakeJwtKeysJson("a"), MakeJwtKeysJson("a")) << "each has a secret of its own";
}

TEST(JwtKeys, SayWhichFileCannotBeRead) {
  const test::TempDir dir;
  const std::string missing = (dir.path() / "none.json").string();
  EXPECT_EQ(JwtVerifier::Load(missing, {}).error().code, Code::kNotFound);
  EXPECT_NE(JwtVerifier::Load(missing, {}).error().message.find(missing), std::string::npos);
  const std::string public_only =
      dir.Write("p.json", Keys(PemKey("a", "EdDSA", KeyPair::Ed25519().PublicPem())));
  EXPECT_EQ(LoadSigner(public_only).error().code, Code::kFailedPrecondition);
}

}  // namespace
}  // namespace belfry::wire
