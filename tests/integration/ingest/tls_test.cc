// SPDX-License-Identifier: Apache-2.0
// Producers' certificates, and ingest's own.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/server.h"
#include "tests/integration/ingest/fixture.h"
#include "tests/support/certificates.h"

namespace belfry::ingest {
namespace {

using ::testing::HasSubstr;

class TlsTest : public IngestTest {
 protected:
  void Use(const test::Authority::Files& files) {
    config_.tls.ca = files.ca;
    config_.tls.cert = files.cert;
    config_.tls.key = files.key;
  }
  // A Notify without an API key, by whoever trusts ingest and has `own`'s certificate: it is
  // UNAUTHENTICATED by ingest, or the connection fails.
  grpc::StatusCode NotifyWith(const test::Authority::Files& own) {
    auto channel = wire::MakeChannel("127.0.0.1:" + std::to_string(app_->ports().grpc),
                                     {.ca = inside_.ca(), .cert = own.cert, .key = own.key});
    EXPECT_TRUE(channel.ok());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::NotifyResponse response;
    return v1::NotifyService::NewStub(*channel)->Notify(&context, {}, &response).error_code();
  }

  test::Authority inside_{dir_, "inside"};
  test::Authority producers_{dir_, "producers"};
};

TEST_F(TlsTest, ProducersMayHaveACaOfTheirOwn) {
  Use(inside_.Issue("ingest", {"belfry:role:ingest"}));
  config_.client_ca = producers_.ca();
  StartIngest();
  EXPECT_EQ(NotifyWith(producers_.Issue("producer")), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(NotifyWith(inside_.Issue("edge", {"belfry:role:edge"})), grpc::StatusCode::UNAVAILABLE)
      << "the other CA's is of no use here";
}

TEST_F(TlsTest, WithoutOneTheyHaveTheCaOfAll) {
  Use(inside_.Issue("ingest", {"belfry:role:ingest"}));
  StartIngest();
  EXPECT_EQ(NotifyWith(inside_.Issue("producer")), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(NotifyWith(producers_.Issue("stranger")), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ACertificateWithoutTheRoleStopsTheStart) {
  Use(inside_.Issue("ingest", {"belfry:role:edge"}));
  const std::string key = std::exchange(config_.internal_key_file, "");
  const auto app = App::Start(config_, Log());
  ASSERT_FALSE(app.ok());
  EXPECT_EQ(app.error().code, Code::kInvalidArgument);
  EXPECT_THAT(app.error().message, HasSubstr("belfry:role:ingest"));
  config_.internal_key_file = key;
  EXPECT_TRUE(App::Start(config_, Log()).ok()) << "the key proves it";
}

}  // namespace
}  // namespace belfry::ingest
