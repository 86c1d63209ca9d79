// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include <future>

#include "libs/wire/rpc/server.h"
#include "tests/integration/ingest/fake_store.h"
#include "tests/support/wait.h"

namespace belfry::ingest {
namespace {

using std::chrono::seconds;

ItemPtr AnItem() {
  return std::make_shared<Item>(ItemContent(), SteadyTime(), SteadyTime(), InFlight::Permit(),
                                nullptr);
}

// Were one of gRPC's threads to let go of the channel last, gRPC would abort the process.
TEST(StoreClientTest, IsTheLastToLetGoOfItsChannel) {
  const auto store = FakeStore::Start();
  for (int round = 0; round < 300; ++round) {
    auto channel = *wire::MakeChannel(store->address(), {});
    const std::weak_ptr<grpc::Channel> watched = channel;
    auto client = std::make_unique<StoreClient>(std::exchange(channel, nullptr));
    std::promise<void> probed;
    client->Probe(seconds(60), [&probed](const Status& status) {
      EXPECT_TRUE(status.ok()) << status.error().ToString();
      probed.set_value();
    });
    std::promise<void> appended;
    client->NewCall()->Start({AnItem()}, true, seconds(60),
                             [&appended](const AppendAnswer&) { appended.set_value(); });
    probed.get_future().wait();
    appended.get_future().wait();
    client.reset();
    ASSERT_TRUE(watched.expired()) << "in round " << round;
  }
}

TEST(StoreClientTest, CancelsWhatIsUnderWayWhenItGoes) {
  const auto store = FakeStore::Start();
  store->SetFate([](int) { return FakeStore::Fate::kHold; });
  auto client = std::make_unique<StoreClient>(*wire::MakeChannel(store->address(), {}));
  AppendAnswer answer;
  const auto call = client->NewCall();
  call->Start({AnItem()}, true, seconds(60),
              [&answer](AppendAnswer got) { answer = std::move(got); });
  ASSERT_TRUE(test::WaitUntil([&] { return store->holding() == 1; }));
  client.reset();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kCancelled);
  call->Cancel();  // too late, and harmless
}

TEST(StoreClientTest, AnAppendThatWasCancelledBeforeItsStartIsNotSent) {
  const auto store = FakeStore::Start();
  StoreClient client(*wire::MakeChannel(store->address(), {}));
  const auto call = client.NewCall();
  call->Cancel();
  std::promise<AppendAnswer> answer;
  call->Start({AnItem()}, true, seconds(60),
              [&answer](AppendAnswer got) { answer.set_value(std::move(got)); });
  EXPECT_EQ(answer.get_future().get().error().code, Code::kCancelled);
  EXPECT_TRUE(store->seen().empty());
}

TEST(StoreClientTest, AnAppendIsCancelledAtTheStore) {
  const auto store = FakeStore::Start();
  store->SetFate([](int) { return FakeStore::Fate::kHold; });
  StoreClient client(*wire::MakeChannel(store->address(), {}));
  const auto call = client.NewCall();
  std::promise<AppendAnswer> answer;
  call->Start({AnItem()}, true, seconds(60),
              [&answer](AppendAnswer got) { answer.set_value(std::move(got)); });
  ASSERT_TRUE(test::WaitUntil([&] { return store->holding() == 1; }));
  call->Cancel();
  EXPECT_EQ(answer.get_future().get().error().code, Code::kCancelled);
  EXPECT_TRUE(test::WaitUntil([&] { return store->cancelled() == 1; }));
}

TEST(StoreClientTest, AStoreWithoutStreamsGetsItsAppendsAllTheSame) {
  const auto store = FakeStore::Start(0, FakeStore::Streams::kNo);
  StoreClient client(*wire::MakeChannel(store->address(), {}));
  for (int i = 0; i < 3; ++i) {
    std::promise<AppendAnswer> answer;
    client.NewCall()->Start({AnItem()}, false, seconds(60),
                            [&answer](AppendAnswer got) { answer.set_value(std::move(got)); });
    const AppendAnswer got = answer.get_future().get();
    ASSERT_TRUE(got.ok()) << got.error().ToString();
    EXPECT_TRUE(got->front().ok());
  }
  EXPECT_EQ(store->seen().size(), 3U);
}

}  // namespace
}  // namespace belfry::ingest
