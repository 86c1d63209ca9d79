// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/crypto.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "libs/common/check.h"

namespace belfry::wire {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using MdContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

constexpr std::size_t kEcdsaHalfBytes = 32;  // P-256
constexpr std::size_t kEd25519Bytes = 64;
constexpr int kRsaBitsMin = 2'048;
constexpr int kRsaBitsMax = 16'384;

// A JWS carries r and s side by side; OpenSSL wants them as DER. Empty: not two halves.
std::string EcdsaToDer(std::string_view raw) {
  if (raw.size() != 2 * kEcdsaHalfBytes) {
    return {};
  }
  BIGNUM* r = BN_bin2bn(Bytes(raw), kEcdsaHalfBytes, nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(raw) + kEcdsaHalfBytes, kEcdsaHalfBytes, nullptr);
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

// Empty if `key` fits; else what is wanted.
std::string_view Misfit(const EVP_PKEY* key, JwtAlgorithm algorithm) {
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

class EvpPublicKey final : public PublicKey {
 public:
  EvpPublicKey(KeyPtr key, JwtAlgorithm algorithm) : key_(std::move(key)), algorithm_(algorithm) {}

  bool Verify(std::string_view bytes, std::string_view signature) const override {
    std::string der;
    if (algorithm_ == JwtAlgorithm::kEs256) {
      der = EcdsaToDer(signature);
      signature = der;
    } else if (algorithm_ == JwtAlgorithm::kEdDsa && signature.size() != kEd25519Bytes) {
      return false;
    }
    if (signature.empty()) {
      return false;
    }
    const EVP_MD* digest = algorithm_ == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
    MdContextPtr context(EVP_MD_CTX_new());
    BELFRY_CHECK(context != nullptr);
    const bool verified =
        EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(bytes),
                         bytes.size()) == 1;
    ERR_clear_error();  // a refused signature leaves its reason in the thread's queue
    return verified;
  }

 private:
  const KeyPtr key_;
  const JwtAlgorithm algorithm_;
};

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  BELFRY_CHECK(EVP_Digest(bytes.data(), bytes.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(),
                          nullptr) == 1);
  return digest;
}

std::string HmacSha256(std::string_view secret, std::string_view bytes) {
  std::string mac(32, '\0');
  unsigned int size = 0;
  BELFRY_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), Bytes(bytes),
                    bytes.size(), reinterpret_cast<unsigned char*>(mac.data()), &size) != nullptr);
  return mac;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::unique_ptr<PublicKey>> PublicKey::FromPem(std::string_view pem,
                                                      JwtAlgorithm algorithm) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  BELFRY_CHECK(bio != nullptr);
  KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return Fail(Code::kInvalidArgument, "pem: not a PEM \"PUBLIC KEY\"");
  }
  if (const std::string_view misfit = Misfit(key.get(), algorithm); !misfit.empty()) {
    return Fail(Code::kInvalidArgument, "pem: " + std::string(misfit));
  }
  return std::make_unique<EvpPublicKey>(std::move(key), algorithm);
}

}  // namespace belfry::wire
