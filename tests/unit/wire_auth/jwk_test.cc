// SPDX-License-Identifier: Apache-2.0
// Keys for tokens in JWK form.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <string>
#include <utility>

#include "libs/wire/auth/jwt.h"
#include "tests/unit/wire_auth/forge.h"

namespace belfry::wire {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kSecret(32, 's');
const std::string kPayload = R"({"sub":"alice","project":"demo","exp":1700000060})";

// A number of a public key as a JWK has it, of `bytes` (0: as few as it needs).
std::string Number(const KeyPair& pair, const char* name, int bytes = 0) {
  const std::string pem = pair.PublicPem();
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* const key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  BIGNUM* number = nullptr;
  BELFRY_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string text(static_cast<std::size_t>(bytes == 0 ? BN_num_bytes(number) : bytes), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()),
               static_cast<int>(text.size()));
  BN_free(number);
  EVP_PKEY_free(key);
  return Base64UrlEncode(text);
}

std::string RsaJwk(const std::string& kid, const KeyPair& pair, const std::string& more = "") {
  return R"({"kty":"RSA","kid":")" + kid + R"(","n":")" + Number(pair, OSSL_PKEY_PARAM_RSA_N) +
         R"(","e":")" + Number(pair, OSSL_PKEY_PARAM_RSA_E) + "\"" + more + "}";
}

std::string EcJwk(const std::string& kid, const KeyPair& pair) {
  return R"({"kty":"EC","crv":"P-256","kid":")" + kid + R"(","x":")" +
         Number(pair, OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
         Number(pair, OSSL_PKEY_PARAM_EC_PUB_Y, 32) + R"("})";
}

std::string OctJwk(const std::string& kid, const std::string& secret) {
  return R"({"kty":"oct","kid":")" + kid + R"(","k":")" + Base64UrlEncode(secret) + R"("})";
}

// RFC 8037, appendix A.2.
const std::string kEd25519Jwk =
    R"({"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

Result<std::shared_ptr<const JwtVerifier>> Parse(const std::string& keys) {
  return JwtVerifier::Parse("{\"keys\":[" + keys + "]}", {});
}

std::string ParseError(const std::string& keys) {
  const auto verifier = Parse(keys);
  return verifier.ok() ? "accepted" : verifier.error().message;
}

std::string ReasonOf(const JwtVerifier& verifier, const std::string& token) {
  const auto identity = verifier.Verify(token, kNow);
  return identity.ok() ? "" : identity.error().reason;
}

TEST(Jwk, VerifiesByEachType) {
  const KeyPair rsa = KeyPair::Rsa(2048);
  const KeyPair ec = KeyPair::Ec("P-256");
  const auto verifier = Parse(RsaJwk("rs", rsa, R"(,"use":"sig","x5t":"ignored")") + "," +
                              EcJwk("es", ec) + "," + OctJwk("hs", kSecret) + "," + kEd25519Jwk);
  ASSERT_TRUE(verifier.ok()) << verifier.error().message;
  const std::pair<std::string, Signer> kSigners[] = {
      {R"({"alg":"HS256","kid":"hs"})", Hmac(kSecret)},
      {R"({"alg":"RS256","kid":"rs"})", [&](std::string_view bytes) { return rsa.Sign(bytes); }},
      {R"({"alg":"ES256","kid":"es"})", [&](std::string_view bytes) { return ec.SignRaw(bytes); }}};
  for (const auto& [header, signer] : kSigners) {
    EXPECT_EQ(ReasonOf(**verifier, Forge(header, kPayload, signer)), "") << header;
    EXPECT_NE(ReasonOf(**verifier, Forge(header, kPayload, Hmac("another"))), "") << header;
  }
  // RFC 8037, appendix A.4; its payload is no JSON, so that the signature was found good.
  EXPECT_EQ(ReasonOf(**verifier,
                     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_"
                     "MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                     "MuM0KAg"),
            "TOKEN_MALFORMED");
}

TEST(Jwk, MayStandBesideOurOwnForm) {
  const auto verifier = Parse(SecretKey("ours", kSecret) + "," + OctJwk("theirs", kSecret + "2"));
  ASSERT_TRUE(verifier.ok()) << verifier.error().message;
  EXPECT_EQ(ReasonOf(**verifier,
                     Forge(R"({"alg":"HS256","kid":"theirs"})", kPayload, Hmac(kSecret + "2"))),
            "");
}

// RFC 7517, section 5: what a set has beside keys of ours is passed over.
TEST(Jwk, AKeyForSomethingElseIsPassedOver) {
  const std::string ours = OctJwk("hs", kSecret);
  for (const std::string& other :
       {RsaJwk("a", KeyPair::Rsa(2048), R"(,"use":"enc")"),
        RsaJwk("a", KeyPair::Rsa(2048), R"(,"alg":"RS384")"),
        RsaJwk("a", KeyPair::Rsa(2048), R"(,"key_ops":["encrypt"])"),
        std::string(R"({"kty":"EC","crv":"P-384","kid":"a","x":"AA","y":"AA"})"),
        std::string(R"({"kty":"OKP","crv":"X25519","kid":"a","x":"AA"})"),
        std::string(R"({"kty":"AKP","kid":"a"})")}) {
    EXPECT_EQ(ParseError(ours + "," + other), "accepted") << other;
    EXPECT_NE(ParseError(other).find("no key of it can verify tokens"), std::string::npos);
  }
}

TEST(Jwk, NamesWhatIsWrongWithAKey) {
  const std::string x = R"("x":")" + Base64UrlEncode(std::string(32, '\1')) + "\"";
  const std::pair<std::string, std::string> kTable[] = {
      {RsaJwk("a", KeyPair::Rsa(1024)), "key 1: RS256 needs an RSA key of 2048"},
      {RsaJwk("a", KeyPair::Rsa(2048), R"(,"d":"AQAB")"), "private part"},
      {R"({"kty":"RSA","kid":"a","n":"AQAB"})", "\"e\" must be base64url"},
      {R"({"kty":"RSA","kid":"a","n":"=","e":"AQAB"})", "\"n\" must be base64url"},
      {R"({"kty":"EC","crv":"P-256","kid":"a",)" + x + R"(,"y":"AQ"})", "32 bytes each"},
      {R"({"kty":"EC","crv":"P-256","kid":"a",)" + x + R"(,"y":)" + x.substr(4) + "}",
       "no point of P-256"},
      {R"({"kty":"OKP","crv":"Ed25519","kid":"a","x":"AQ"})", "no Ed25519 key"},
      {OctJwk("a", std::string(31, 's')), "at least 32 bytes"},
      {R"({"kty":"oct","k":"AQ"})", "\"kid\""},
      {OctJwk("a", kSecret) + "," + OctJwk("a", kSecret), "key 2: the kid \"a\" is given twice"}};
  for (const auto& [keys, message] : kTable) {
    EXPECT_NE(ParseError(keys).find(message), std::string::npos)
        << keys << "\n-> " << ParseError(keys);
  }
}

}  // namespace
}  // namespace belfry::wire
