// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string>
#include <utility>

#include "libs/common/file.h"
#include "libs/wire/crypto/openssl.h"

namespace belfry::wire {
namespace {

struct Pems {
  std::string ca, cert, key;
};

// gRPC would notice only when the first client comes.
Status Check(const TlsFiles& files, const Pems& pems) {
  const auto fail = [](const std::string& what) {
    ERR_clear_error();
    return Fail(Code::kInvalidArgument, "TLS " + what);
  };
  const CertificatePtr ca(PEM_read_bio_X509(BioOf(pems.ca).get(), nullptr, nullptr, nullptr));
  if (ca == nullptr) {
    return fail("CA: " + files.ca + " has no certificate");
  }
  const CertificatePtr cert(PEM_read_bio_X509(BioOf(pems.cert).get(), nullptr, nullptr, nullptr));
  if (cert == nullptr) {
    return fail("certificate: " + files.cert + " has no certificate");
  }
  char no_password[] = "";  // or OpenSSL asks for one on the terminal
  const KeyPtr key(PEM_read_bio_PrivateKey(BioOf(pems.key).get(), nullptr, nullptr, no_password));
  if (key == nullptr) {
    return fail("key: " + files.key + " has no private key without a password");
  }
  if (X509_check_private_key(cert.get(), key.get()) != 1) {
    return fail("key: " + files.key + " does not belong to " + files.cert);
  }
  return {};
}

Result<Pems> ReadPems(const TlsFiles& files) {
  Pems pems;
  const std::pair<const char*, std::pair<const std::string&, std::string&>> all[] = {
      {"CA", {files.ca, pems.ca}},
      {"certificate", {files.cert, pems.cert}},
      {"key", {files.key, pems.key}}};
  for (const auto& [what, file] : all) {
    auto text = ReadFile(file.first);
    if (!text.ok()) {
      return Fail(Code::kInvalidArgument, "TLS " + std::string(what) + ": " + text.error().message);
    }
    file.second = *std::move(text);
  }
  if (const Status checked = Check(files, pems); !checked.ok()) {
    return Fail(checked.error());
  }
  return pems;
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const TlsFiles& tls) {
  if (!tls.enabled()) {
    return grpc::InsecureServerCredentials();
  }
  auto pems = ReadPems(tls);
  if (!pems.ok()) {
    return Fail(std::move(pems).error());
  }
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(pems->ca);
  options.pem_key_cert_pairs.push_back({std::move(pems->key), std::move(pems->cert)});
  return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const TlsFiles& tls) {
  if (!tls.enabled()) {
    return grpc::InsecureChannelCredentials();
  }
  auto pems = ReadPems(tls);
  if (!pems.ok()) {
    return Fail(std::move(pems).error());
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(pems->ca);
  options.pem_private_key = std::move(pems->key);
  options.pem_cert_chain = std::move(pems->cert);
  return grpc::SslCredentials(options);
}

}  // namespace belfry::wire
