// SPDX-License-Identifier: Apache-2.0
// Makes keys and tokens, good and bad, byte by byte.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/common/check.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {

using Signer = std::function<std::string(std::string_view bytes)>;

// A key pair of OpenSSL's.
class KeyPair {
 public:
  static KeyPair Rsa(unsigned int bits) { return KeyPair(EVP_RSA_gen(bits)); }
  static KeyPair Ec(const char* curve) { return KeyPair(EVP_EC_gen(curve)); }
  static KeyPair Ed25519() { return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

  std::string PublicPem() const {
    return Pem([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  std::string PrivatePem() const {
    return Pem([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  // As EVP gives it: for EC a DER.
  std::string Sign(std::string_view bytes) const {
    const bool ed = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    BELFRY_CHECK(EVP_DigestSignInit(context, nullptr, ed ? nullptr : EVP_sha256(), nullptr,
                                    key_.get()) == 1);
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t size = 0;
    BELFRY_CHECK(EVP_DigestSign(context, nullptr, &size, data, bytes.size()) == 1);
    std::string signature(size, '\0');
    BELFRY_CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                                data, bytes.size()) == 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return signature;
  }

  // r and s side by side, as a JWS has them.
  std::string SignRaw(std::string_view bytes) const {
    const std::string der = Sign(bytes);
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    BELFRY_CHECK(signature != nullptr);
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BELFRY_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32) == 32);
    BELFRY_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32) == 32);
    ECDSA_SIG_free(signature);
    return raw;
  }

 private:
  explicit KeyPair(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { BELFRY_CHECK(key != nullptr); }

  template <typename Write>
  static std::string Pem(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    BELFRY_CHECK(write(bio) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return pem;
  }

  std::shared_ptr<EVP_PKEY> key_;
};

inline Signer Hmac(std::string secret) {
  return [secret = std::move(secret)](std::string_view bytes) { return HmacSha256(secret, bytes); };
}

// A token of exactly this header and payload.
inline std::string Forge(std::string_view header, std::string_view payload, const Signer& signer) {
  const std::string bytes = Base64UrlEncode(header) + "." + Base64UrlEncode(payload);
  return bytes + "." + Base64UrlEncode(signer(bytes));
}

// A JSON string with the PEM's line ends escaped.
inline std::string PemKey(const std::string& kid, const std::string& alg, const std::string& pem) {
  std::string escaped;
  for (const char c : pem) {
    escaped += c == '\n' ? "\\n" : std::string(1, c);
  }
  return R"({"kid":")" + kid + R"(","alg":")" + alg + R"(","pem":")" + escaped + R"("})";
}

inline std::string SecretKey(const std::string& kid, const std::string& secret) {
  return R"({"kid":")" + kid + R"(","alg":"HS256","secret":")" + Base64UrlEncode(secret) + R"("})";
}

}  // namespace belfry::wire
