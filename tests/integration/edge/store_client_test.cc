// SPDX-License-Identifier: Apache-2.0
#include "services/edge/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "libs/wire/rpc/server.h"
#include "tests/integration/edge/edge_world.h"

namespace belfry::edge {
namespace {

// Were one of gRPC's threads to let go of a channel last, gRPC would abort the process.
TEST(StoreClientTest, IsTheLastToLetGoOfItsChannels) {
  test::World world;
  ASSERT_TRUE(world.StartStore());
  world.Publish("alice", "one");
  for (int round = 0; round < 300; ++round) {
    auto channel = *wire::MakeChannel(world.store_config().grpc, {});
    const std::weak_ptr<grpc::Channel> watched = channel;
    auto client = std::make_unique<StoreClient>(channel, channel, StoreClientOptions());
    channel.reset();
    std::promise<void> heads;
    std::promise<void> entries;
    std::promise<void> feeds;
    client->ReadHeads([&heads](const auto& answer) {
      EXPECT_TRUE(answer.ok()) << answer.error().ToString();
      heads.set_value();
    });
    client->ReadLog(0, 0, 0, [&entries](const auto&) { entries.set_value(); });
    client->ReadFeeds({{}}, [&feeds](const auto&) { feeds.set_value(); });
    for (auto* answered : {&heads, &entries, &feeds}) {
      answered->get_future().wait();
    }
    client.reset();
    ASSERT_TRUE(watched.expired()) << "in round " << round;
  }
}

}  // namespace
}  // namespace belfry::edge
