// SPDX-License-Identifier: Apache-2.0
#include "tests/support/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>

#include "libs/common/check.h"
#include "libs/wire/crypto/openssl.h"

namespace belfry::test {
namespace {

using wire::BioPtr;
using wire::CertificatePtr;
using wire::KeyPtr;

template <typename Write>
std::string Pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  BELFRY_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PemOf(X509* certificate) {
  return Pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return Pem([key](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void Extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  BELFRY_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Of `key`, for `name`; without an issuer and a signature.
CertificatePtr Blank(EVP_PKEY* key, const std::string& name) {
  static long serial = 0;
  CertificatePtr certificate(X509_new());
  BELFRY_CHECK(certificate != nullptr);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

KeyPtr NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  BELFRY_CHECK(key != nullptr);
  return key;
}

}  // namespace

struct Authority::Impl {
  KeyPtr key = NewKey();
  CertificatePtr certificate;
};

Authority::Authority(const TempDir& dir, std::string name)
    : dir_(dir), name_(std::move(name)), impl_(std::make_unique<Impl>()) {
  impl_->certificate = Blank(impl_->key.get(), name_);
  X509* const own = impl_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  Extend(own, NID_basic_constraints, "critical,CA:TRUE");
  BELFRY_CHECK(X509_sign(own, impl_->key.get(), EVP_sha256()) > 0);
  ca_ = dir_.Write(name_ + "-ca.pem", PemOf(own));
}

Authority::~Authority() = default;

Authority::Files Authority::Issue(const std::string& name,
                                  const std::vector<std::string>& uris) const {
  const KeyPtr key = NewKey();
  const CertificatePtr certificate = Blank(key.get(), name);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(impl_->certificate.get()));
  std::string names = "IP:127.0.0.1,DNS:localhost";
  for (const std::string& uri : uris) {
    names += ",URI:" + uri;
  }
  Extend(certificate.get(), NID_subject_alt_name, names);
  BELFRY_CHECK(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) > 0);
  return {.ca = ca_,
          .cert = dir_.Write(name + ".pem", PemOf(certificate.get())),
          .key = dir_.Write(name + "-key.pem", PemOf(key.get()))};
}

}  // namespace belfry::test
