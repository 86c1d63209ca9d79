// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

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
  KeyPtr key(PEM_read_bio_PUBKEY(BioOf(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return Fail(Code::kInvalidArgument, "pem: not a PEM \"PUBLIC KEY\"");
  }
  if (const std::string_view mismatch = MismatchOf(key.get(), algorithm); !mismatch.empty()) {
    return Fail(Code::kInvalidArgument, "pem: " + std::string(mismatch));
  }
  return PublicKey(std::make_unique<const Impl>(Impl{std::move(key), algorithm}));
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
