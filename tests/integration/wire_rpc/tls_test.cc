// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "libs/common/check.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/temp_dir.h"

namespace belfry::wire {
namespace {

using belfry::test::TempDir;
using ::testing::HasSubstr;

template <typename Write>
std::string Pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  BELFRY_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// A fresh self-signed certificate for 127.0.0.1, which is its own authority.
TlsFiles MakeTls(const TempDir& dir, const std::string& name) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
  BELFRY_CHECK(key != nullptr && cert != nullptr);
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 86'400);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), subject);
  X509_EXTENSION* const san =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  BELFRY_CHECK(san != nullptr && X509_add_ext(cert.get(), san, -1) == 1);
  X509_EXTENSION_free(san);
  BELFRY_CHECK(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0);
  const std::string cert_pem =
      Pem([&cert](BIO* bio) { return PEM_write_bio_X509(bio, cert.get()); });
  const std::string key_pem = Pem([&key](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return {.ca = dir.Write(name + "-ca.pem", cert_pem),
          .cert = dir.Write(name + ".pem", cert_pem),
          .key = dir.Write(name + "-key.pem", key_pem)};
}

class TlsTest : public ::testing::Test {
 protected:
  TempDir dir;
  TlsFiles ours = MakeTls(dir, "ours");
  TlsFiles others = MakeTls(dir, "others");
  test::TestService service;

  TlsTest() {
    service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  }

  Error FailureWith(const TlsFiles& tls) {
    RpcServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = tls;
    const auto server = RpcServer::Start(options, {&service}, Log());
    EXPECT_FALSE(server.ok());
    return server.ok() ? Error{} : server.error();
  }
};

TEST_F(TlsTest, BothSidesMustProveThemselves) {
  RpcServerOptions options;
  options.tls = ours;
  const auto server = test::StartServer({&service}, options);
  const std::string address = test::AddressOf(*server);
  EXPECT_TRUE(test::Notify(*MakeChannel(address, ours)).ok());

  EXPECT_FALSE(test::Notify(*MakeChannel(address, {})).ok()) << "plain text";
  EXPECT_FALSE(test::Notify(*MakeChannel(address, others)).ok()) << "another authority";
  TlsFiles stranger = others;
  stranger.ca = ours.ca;  // it trusts us; we do not trust it
  EXPECT_FALSE(test::Notify(*MakeChannel(address, stranger)).ok());
  grpc::SslCredentialsOptions nobody;
  nobody.pem_root_certs = Pem([this](BIO* bio) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(ours.ca.c_str(), "r"),
                                                         BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> cert(
        PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
    return PEM_write_bio_X509(bio, cert.get());
  });
  EXPECT_FALSE(test::Notify(grpc::CreateChannel(address, grpc::SslCredentials(nobody))).ok())
      << "a client without a certificate";
  EXPECT_TRUE(test::Notify(*MakeChannel(address, ours)).ok());
}

TEST_F(TlsTest, NamesTheFileThatCannotBeUsed) {
  TlsFiles tls = ours;
  tls.key = (dir.path() / "absent.pem").string();
  EXPECT_EQ(FailureWith(tls).code, Code::kInvalidArgument);
  EXPECT_THAT(FailureWith(tls).message, HasSubstr("TLS key: read " + tls.key + ": No such file"));
  tls = ours;
  tls.cert = dir.Write("noise.pem", "noise");
  EXPECT_THAT(FailureWith(tls).message, HasSubstr("TLS certificate: " + tls.cert + " has no cert"));
  tls = ours;
  tls.cert.clear();
  EXPECT_THAT(FailureWith(tls).message, HasSubstr("TLS certificate: read : No such file"));

  tls = ours;
  tls.ca = (dir.path() / "absent.pem").string();
  const auto channel = MakeChannel("127.0.0.1:1", tls);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().code, Code::kInvalidArgument);
  EXPECT_THAT(channel.error().message, HasSubstr("TLS CA: read " + tls.ca));
}

TEST_F(TlsTest, AKeyOfAnotherCertificateStopsTheStart) {
  TlsFiles tls = ours;
  tls.key = others.key;
  EXPECT_EQ(FailureWith(tls).code, Code::kInvalidArgument);
  EXPECT_THAT(FailureWith(tls).message,
              HasSubstr("TLS key: " + tls.key + " does not belong to " + tls.cert));
}

}  // namespace
}  // namespace belfry::wire
