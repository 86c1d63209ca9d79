// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include <array>

#include "libs/common/check.h"
#include "libs/common/mutex.h"
#include "libs/wire/crypto/openssl.h"

namespace belfry::wire {
namespace {

constexpr std::size_t kDigestBytes = 32;

unsigned char* Data(std::string& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

}  // namespace

std::string Sha256(std::string_view bytes) { return Sha256({bytes}); }

std::string Sha256(std::initializer_list<std::string_view> parts) {
  const MdContextPtr context(EVP_MD_CTX_new());
  BELFRY_CHECK(context != nullptr);
  BELFRY_CHECK_EQ(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr), 1);
  for (const std::string_view part : parts) {
    BELFRY_CHECK_EQ(EVP_DigestUpdate(context.get(), part.data(), part.size()), 1);
  }
  std::string digest(kDigestBytes, '\0');
  BELFRY_CHECK_EQ(EVP_DigestFinal_ex(context.get(), Data(digest), nullptr), 1);
  return digest;
}

std::string HmacSha256(std::string_view secret, std::string_view bytes) {
  std::string mac(kDigestBytes, '\0');
  unsigned int size = 0;
  BELFRY_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), Unsigned(bytes),
                    bytes.size(), Data(mac), &size) != nullptr);
  return mac;
}

struct HmacKey::Prepared {
  Mutex mutex;
  MacContextPtr context BELFRY_GUARDED_BY(mutex);
};

HmacKey::HmacKey(std::string_view secret) : prepared_(std::make_shared<Prepared>()) {
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  BELFRY_CHECK(mac != nullptr);
  const MutexLock lock(prepared_->mutex);
  prepared_->context.reset(EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  BELFRY_CHECK_EQ(
      EVP_MAC_init(prepared_->context.get(), Unsigned(secret), secret.size(), parameters.data()),
      1);
}

std::string HmacKey::Sign(std::string_view bytes) const {
  std::string mac(kDigestBytes, '\0');
  std::size_t size = 0;
  const MutexLock lock(prepared_->mutex);
  EVP_MAC_CTX* const context = prepared_->context.get();
  // Without a key it begins again with the one it has.
  BELFRY_CHECK_EQ(EVP_MAC_init(context, nullptr, 0, nullptr), 1);
  BELFRY_CHECK_EQ(EVP_MAC_update(context, Unsigned(bytes), bytes.size()), 1);
  BELFRY_CHECK_EQ(EVP_MAC_final(context, Data(mac), &size, mac.size()), 1);
  return mac;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace belfry::wire
