// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/tls.h"

#include <grpc/grpc.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <string>
#include <utility>

#include "libs/common/file.h"
#include "libs/wire/crypto/openssl.h"

namespace belfry::wire {
namespace {

// A client's; a server is told to.
constexpr unsigned kLookAtFilesEverySeconds = 5;

// Server credentials that are fetched, which gRPC has in its C interface only.
class FetchedCredentials final : public grpc::ServerCredentials {
 public:
  FetchedCredentials(grpc_ssl_server_certificate_config_callback fetch, void* argument)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, fetch, argument))) {}
  ~FetchedCredentials() override { grpc_server_credentials_release(credentials_); }
  FetchedCredentials(const FetchedCredentials&) = delete;
  FetchedCredentials& operator=(const FetchedCredentials&) = delete;

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

// gRPC would notice only when the first client comes.
Status Check(const TlsFiles& files, const TlsPems& pems) {
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

Result<TlsPems> ReadPems(const TlsFiles& files) {
  TlsPems pems;
  const std::pair<const char*, std::pair<const std::string&, std::string&>> all[] = {
      {"CA", {files.ca, pems.ca}},
      {"certificate", {files.cert, pems.cert}},
      {"key", {files.key, pems.key}}};
  for (const auto& [what, file] : all) {
    auto text = &file.first == &files.key ? ReadSecretFile(file.first) : ReadFile(file.first);
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

Result<std::unique_ptr<ServerTls>> ServerTls::Load(const TlsFiles& files) {
  TlsPems pems;
  if (files.enabled()) {
    auto read = ReadPems(files);
    if (!read.ok()) {
      return Fail(std::move(read).error());
    }
    pems = std::move(*read);
  }
  return std::unique_ptr<ServerTls>(new ServerTls(files, std::move(pems)));
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::Credentials() {
  if (!files_.enabled()) {
    return grpc::InsecureServerCredentials();
  }
  return std::make_shared<FetchedCredentials>(Fetch, this);
}

Status ServerTls::Reload() {
  if (!files_.enabled()) {
    return {};
  }
  auto read = ReadPems(files_);
  if (!read.ok()) {
    return Fail(std::move(read).error());
  }
  const MutexLock lock(mutex_);
  pems_ = std::move(*read);
  fresh_ = true;
  return {};
}

grpc_ssl_certificate_config_reload_status ServerTls::Fetch(
    void* self, grpc_ssl_server_certificate_config** config) {
  auto& tls = *static_cast<ServerTls*>(self);
  const MutexLock lock(tls.mutex_);
  if (!tls.fresh_) {
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  }
  const grpc_ssl_pem_key_cert_pair pair{tls.pems_.key.c_str(), tls.pems_.cert.c_str()};
  *config = grpc_ssl_server_certificate_config_create(tls.pems_.ca.c_str(), &pair, 1);
  tls.fresh_ = false;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const TlsFiles& tls) {
  if (!tls.enabled()) {
    return grpc::InsecureChannelCredentials();
  }
  if (const auto pems = ReadPems(tls); !pems.ok()) {
    return Fail(pems.error());
  }
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          tls.key, tls.cert, tls.ca, kLookAtFilesEverySeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace belfry::wire
