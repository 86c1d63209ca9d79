// SPDX-License-Identifier: Apache-2.0
#include "services/edge/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/edge/edge_world.h"
#include "tests/support/cluster/internal_keys.h"

namespace belfry::edge {
namespace {

// Were one of gRPC's threads to let go of a channel last, gRPC would abort the process.
TEST(StoreClientTest, IsTheLastToLetGoOfItsChannels) {
  test::World world;
  ASSERT_TRUE(world.StartStore());
  world.Publish("alice", "one");
  for (int round = 0; round < 300; ++round) {
    auto channel = test::StoreChannel(world.store_config().grpc);
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

// Many at once are sent in a few calls. Each is answered for itself.
TEST(StoreClientTest, AnswersEachOfManyChangesForItself) {
  test::World world;
  ASSERT_TRUE(world.StartStore());
  const EntryId id = world.Publish("alice", "one");
  world.Publish("bob", "two");
  world.Publish("bob", "three");
  const auto channel = test::StoreChannel(world.store_config().grpc);
  StoreClient client(channel, channel, {.update_calls_max = 1, .updates_per_call_max = 7});
  const auto update = [&](const std::string& user, StateOp op, std::vector<EntryId> ids) {
    StateUpdate asked{.project = "acme", .user_id = user};
    asked.change.op = op;
    asked.change.ids = std::move(ids);
    auto answer = std::make_shared<std::promise<Result<StateUpdated>>>();
    client.Update(std::move(asked), [answer](Result<StateUpdated> updated) {
      answer->set_value(std::move(updated));
    });
    return answer->get_future();
  };
  std::vector<std::future<Result<StateUpdated>>> read, missed, wrong;
  for (int i = 0; i < 50; ++i) {
    read.push_back(update("alice", StateOp::kRead, {id}));
    missed.push_back(update("bob", StateOp::kRead, {id}));
    wrong.push_back(update("carol", StateOp::kRead, {}));
  }
  int changed = 0;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto alices = read[i].get();
    ASSERT_TRUE(alices.ok());
    EXPECT_EQ(alices->counts.unread, 0u);
    EXPECT_TRUE(alices->not_found.empty());
    changed += alices->changed ? 1 : 0;
    const auto bobs = missed[i].get();
    ASSERT_TRUE(bobs.ok());
    EXPECT_EQ(bobs->counts.unread, 2u);
    EXPECT_EQ(bobs->not_found, std::vector{id});
    EXPECT_EQ(wrong[i].get().error().code, Code::kInvalidArgument);
  }
  EXPECT_EQ(changed, 1);
}

TEST(StoreClientTest, AnswersChangesThatWaitWhenItEnds) {
  test::World world;
  ASSERT_TRUE(world.StartStore());
  const auto channel = test::StoreChannel(world.store_config().grpc);
  std::atomic<int> answered = 0;
  {
    StoreClient client(channel, channel, {.update_calls_max = 1, .updates_per_call_max = 1});
    for (int i = 0; i < 200; ++i) {
      StateUpdate asked{.project = "acme", .user_id = "alice"};
      asked.change.op = StateOp::kSeen;
      asked.change.up_to = 1;
      client.Update(std::move(asked), [&](const Result<StateUpdated>&) { ++answered; });
    }
  }
  EXPECT_EQ(answered, 200);
}

}  // namespace
}  // namespace belfry::edge
