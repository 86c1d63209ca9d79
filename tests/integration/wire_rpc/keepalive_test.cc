// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/integration/wire_rpc/test_service.h"

namespace belfry::wire {
namespace {

TEST(RpcServer, KeepsAnIdleClientThatPingsEvery5Seconds) {
  test::TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  const auto server = test::StartServer({&service});
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  const auto channel = grpc::CreateCustomChannel(test::AddressOf(*server),
                                                 grpc::InsecureChannelCredentials(), arguments);
  ASSERT_TRUE(test::Notify(channel, true).ok());
  ASSERT_EQ(channel->GetState(false), GRPC_CHANNEL_READY);
  // Three pings that the server takes for an attack end the connection: too_many_pings.
  const auto four_pings = std::chrono::system_clock::now() + std::chrono::seconds(22);
  EXPECT_FALSE(channel->WaitForStateChange(GRPC_CHANNEL_READY, four_pings));
  EXPECT_TRUE(test::Notify(channel).ok());
}

}  // namespace
}  // namespace belfry::wire
