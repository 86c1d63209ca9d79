// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using belfry::test::Authority;
using belfry::test::TempDir;
using belfry::test::WaitUntil;
using ::testing::HasSubstr;

TlsFiles FilesOf(const belfry::test::Authority::Files& files) {
  return {.ca = files.ca, .cert = files.cert, .key = files.key};
}

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class TlsTest : public ::testing::Test {
 protected:
  TempDir dir;
  Authority authority{dir, "our-authority"};
  Authority other_authority{dir, "other-authority"};
  TlsFiles ours = FilesOf(authority.Issue("ours"));
  TlsFiles others = FilesOf(other_authority.Issue("others"));
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
  nobody.pem_root_certs = Read(ours.ca);
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

TEST_F(TlsTest, AServerTakesNewCertificatesWhenItIsTold) {
  RpcServerOptions options;
  options.tls = ours;
  const auto server = test::StartServer({&service}, options);
  const std::string address = test::AddressOf(*server);
  const auto early = *MakeChannel(address, FilesOf(authority.Issue("client")));
  ASSERT_TRUE(test::Notify(early).ok());

  dir.Write("ours.pem", "noise");
  const Status noise = server->ReloadTls();
  ASSERT_FALSE(noise.ok());
  EXPECT_THAT(noise.error().message, HasSubstr("ours.pem"));
  EXPECT_TRUE(test::Notify(*MakeChannel(address, FilesOf(authority.Issue("client")))).ok())
      << "the old certificate stays";

  // Another authority on both sides.
  const TlsFiles fresh = FilesOf(other_authority.Issue("ours"));
  dir.Write("our-authority-ca.pem", Read(fresh.ca));
  ASSERT_TRUE(server->ReloadTls().ok());
  EXPECT_TRUE(test::Notify(*MakeChannel(address, others)).ok());
  EXPECT_TRUE(test::Notify(early).ok()) << "a connection goes on";
}

TEST_F(TlsTest, AClientTakesNewCertificatesByItself) {
  RpcServerOptions options;
  options.tls = ours;
  const auto server = test::StartServer({&service}, options);
  TlsFiles client = FilesOf(other_authority.Issue("client"));
  client.ca = ours.ca;  // it trusts the server, which does not trust it
  const auto channel = *MakeChannel(test::AddressOf(*server), client);
  EXPECT_FALSE(test::Notify(channel).ok());
  authority.Issue("client");
  EXPECT_TRUE(WaitUntil([&] { return test::Notify(channel).ok(); }));
}

}  // namespace
}  // namespace belfry::wire
