// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <cstdint>
#include <string>
#include <utility>

#include "libs/common/check.h"
#include "libs/wire/crypto/openssl.h"

namespace belfry::wire {
namespace {

constexpr std::size_t kEcdsaHalfBytes = 32;  // P-256
constexpr std::size_t kEd25519Bytes = 64;
constexpr int kRsaBitsMin = 2'048;
constexpr int kRsaBitsMax = 16'384;

// A JWS carries r and s side by side; OpenSSL wants them as DER. Empty: not two halves.
std::string EcdsaToDer(std::string_view raw) {
  if (raw.size() != 2 * kEcdsaHalfBytes) {
    return {};
  }
  BIGNUM* r = BN_bin2bn(Unsigned(raw), kEcdsaHalfBytes, nullptr);
  BIGNUM* s = BN_bin2bn(Unsigned(raw) + kEcdsaHalfBytes, kEcdsaHalfBytes, nullptr);
  EcdsaPtr signature(ECDSA_SIG_new());
  BELFRY_CHECK(r != nullptr && s != nullptr && signature != nullptr);
  BELFRY_CHECK(ECDSA_SIG_set0(signature.get(), r, s) == 1);  // takes both over
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) {
    return {};
  }
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool IsP256(const EVP_PKEY* key) {
  char group[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                        &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

// Empty if `key` fits; else what is required.
std::string_view MismatchOf(const EVP_PKEY* key, JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kRs256: {
      const int bits = EVP_PKEY_get_bits(key);
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && bits >= kRsaBitsMin && bits <= kRsaBitsMax
                 ? ""
                 : "RS256 needs an RSA key of 2048 to 16384 bits";
    }
    case JwtAlgorithm::kEs256:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && IsP256(key)
                 ? ""
                 : "ES256 needs an EC key on P-256";
    case JwtAlgorithm::kEdDsa:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? "" : "EdDSA needs an Ed25519 key";
    case JwtAlgorithm::kHs256:
      break;
  }
  return "HS256 takes a secret, not a public key";
}

using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;
using ParamsBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;

NumberPtr NumberOf(std::string_view bytes) {
  NumberPtr number(BN_bin2bn(Unsigned(bytes), static_cast<int>(bytes.size()), nullptr));
  BELFRY_CHECK(number != nullptr);
  return number;
}

// Null: no such key.
KeyPtr KeyFrom(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  BELFRY_CHECK(params != nullptr && context != nullptr);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return KeyPtr(key);
}

}  // namespace

struct PublicKey::Impl {
  KeyPtr key;
  JwtAlgorithm algorithm;
};

PublicKey::PublicKey(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
PublicKey::PublicKey(PublicKey&& other) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&& other) noexcept = default;
PublicKey::~PublicKey() = default;

Result<PublicKey> PublicKey::FromPem(std::string_view pem, JwtAlgorithm algorithm) {
  return Checked(PEM_read_bio_PUBKEY(BioOf(pem).get(), nullptr, nullptr, nullptr), algorithm,
                 "pem: not a PEM \"PUBLIC KEY\"");
}

Result<PublicKey> PublicKey::FromRsa(std::string_view n, std::string_view e) {
  constexpr std::size_t kModulusBytesMax = kRsaBitsMax / 8;
  if (n.size() > kModulusBytesMax || e.size() > sizeof(std::uint64_t)) {
    return Fail(Code::kInvalidArgument, "RS256 needs an RSA key of 2048 to 16384 bits");
  }
  const ParamsBuilderPtr builder(OSSL_PARAM_BLD_new());
  const NumberPtr modulus = NumberOf(n);
  const NumberPtr exponent = NumberOf(e);
  BELFRY_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1);
  BELFRY_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
  return Checked(KeyFrom("RSA", builder.get()).release(), JwtAlgorithm::kRs256,
                 "\"n\" and \"e\" are no RSA key");
}

Result<PublicKey> PublicKey::FromP256(std::string_view x, std::string_view y) {
  constexpr std::size_t kCoordinateBytes = 32;
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return Fail(Code::kInvalidArgument, "\"x\" and \"y\" must be of 32 bytes each");
  }
  const std::string point = "\x04" + std::string(x) + std::string(y);  // SEC 1, uncompressed
  const ParamsBuilderPtr builder(OSSL_PARAM_BLD_new());
  BELFRY_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                               "prime256v1", 0) == 1);
  BELFRY_CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                point.data(), point.size()) == 1);
  return Checked(KeyFrom("EC", builder.get()).release(), JwtAlgorithm::kEs256,
                 "\"x\" and \"y\" are no point of P-256");
}

Result<PublicKey> PublicKey::FromEd25519(std::string_view x) {
  return Checked(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Unsigned(x), x.size()),
                 JwtAlgorithm::kEdDsa, "\"x\" is no Ed25519 key");
}

// Takes over `key`, an EVP_PKEY; null is refused as `what`.
Result<PublicKey> PublicKey::Checked(void* key, JwtAlgorithm algorithm, std::string_view what) {
  KeyPtr owned(static_cast<EVP_PKEY*>(key));
  ERR_clear_error();
  if (owned == nullptr) {
    return Fail(Code::kInvalidArgument, std::string(what));
  }
  if (const std::string_view mismatch = MismatchOf(owned.get(), algorithm); !mismatch.empty()) {
    return Fail(Code::kInvalidArgument, std::string(mismatch));
  }
  return PublicKey(std::make_unique<const Impl>(Impl{std::move(owned), algorithm}));
}

bool PublicKey::Verify(std::string_view bytes, std::string_view signature) const {
  std::string der;
  if (impl_->algorithm == JwtAlgorithm::kEs256) {
    der = EcdsaToDer(signature);
    signature = der;
  } else if (impl_->algorithm == JwtAlgorithm::kEdDsa && signature.size() != kEd25519Bytes) {
    return false;
  }
  if (signature.empty()) {
    return false;
  }
  const EVP_MD* digest = impl_->algorithm == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  MdContextPtr context(EVP_MD_CTX_new());
  BELFRY_CHECK(context != nullptr);
  const bool verified =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, impl_->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Unsigned(signature), signature.size(), Unsigned(bytes),
                       bytes.size()) == 1;
  ERR_clear_error();  // a refused signature leaves its reason in the thread's queue
  return verified;
}

}  // namespace belfry::wire
