// SPDX-License-Identifier: Apache-2.0
// NotifyBatch and NotifyStream: item by item, in order, under flow control, to the end.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <thread>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/auth/api_keys.h"
#include "libs/wire/rpc/status.h"
#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StreamTest : public IngestTest {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::NotifyStreamRequest, v1::NotifyStreamResponse>;

  // The first call makes it, on one thread.
  v1::NotifyService::Stub& Stub() {
    if (!stub_) {
      if (!app_) {
        StartIngest();
      }
      stub_ = v1::NotifyService::NewStub(channel());
    }
    return *stub_;
  }
  static bool Write(Stream& stream, const v1::NotifyRequest& item) {
    v1::NotifyStreamRequest request;
    *request.mutable_item() = item;
    return stream.Write(request);
  }

  std::unique_ptr<v1::NotifyService::Stub> stub_;
};

TEST_F(StreamTest, ABatchIsAnsweredItemByItem) {
  v1::NotifyBatchRequest request;
  *request.add_items() = Request("a");
  *request.add_items() = Request("", "no user");
  *request.add_items() = Request("b");
  request.add_items();
  *request.add_items() = Request("c", "Hello", "key");
  *request.add_items() = Request("d", "Hello", "key");
  v1::NotifyBatchResponse response;
  const grpc::Status status = Stub().NotifyBatch(Context().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 6);
  EXPECT_TRUE(response.results(0).has_ok());
  EXPECT_EQ(wire::FromProto(response.results(1).error()).violations.at(0).field,
            "notification.user_id");
  EXPECT_TRUE(response.results(2).has_ok());
  EXPECT_EQ(wire::FromProto(response.results(3).error()).violations.size(), 2u);
  EXPECT_TRUE(response.results(4).has_ok());
  EXPECT_EQ(wire::FromProto(response.results(5).error()).code, Code::kFailedPrecondition);
  std::vector<std::string> users;
  for (const auto& item : store_->stored()) {
    users.push_back(item.user_id());
  }
  EXPECT_THAT(users, ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(store_->seen(), SizeIs(1));
}

TEST_F(StreamTest, ABatchHasOneToAThousandItems) {
  v1::NotifyBatchRequest request;
  v1::NotifyBatchResponse response;
  grpc::Status status = Stub().NotifyBatch(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire::FromGrpc(status).violations.at(0).field, "items");
  for (int i = 0; i < 1000; ++i) {
    *request.add_items() = Request("u" + std::to_string(i));
  }
  status = Stub().NotifyBatch(Context().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.results_size(), 1000);
  *request.add_items() = Request("one more");
  status = Stub().NotifyBatch(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(wire::FromGrpc(status).violations.at(0).description, HasSubstr("1001"));
  EXPECT_THAT(store_->stored(), SizeIs(1000));
}

TEST_F(StreamTest, ALargeBatchIsCutIntoAppendsInOrder) {
  config_.append_bytes_max = 64 * 1024;
  v1::NotifyBatchRequest request;
  for (int i = 0; i < 100; ++i) {
    v1::NotifyRequest item = Request("u" + std::to_string(1000 + i));
    item.mutable_notification()->set_body(std::string(4000, 'b'));
    *request.add_items() = item;
  }
  v1::NotifyBatchResponse response;
  ASSERT_TRUE(Stub().NotifyBatch(Context().get(), request, &response).ok());
  EXPECT_GE(store_->seen().size(), 6u);
  EXPECT_EQ(store_->open_max(), 1);
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(100));
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(stored[i].user_id(), "u" + std::to_string(1000 + i));
    EXPECT_TRUE(response.results(static_cast<int>(i)).has_ok());
  }
}

TEST_F(StreamTest, AcknowledgesInOrderAndStoresInOrder) {
  constexpr int kItems = 5000;
  // Every third answer is lost on its way.
  store_->SetFate(
      [](int n) { return n % 3 == 1 ? FakeStore::Fate::kLoseAnswer : FakeStore::Fate::kCommit; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  std::thread writer([&] {
    for (int i = 0; i < kItems; ++i) {
      // Every hundredth is bad: its acknowledgement comes in its place.
      EXPECT_TRUE(Write(*stream, Request("u" + std::to_string(i), i % 100 == 99 ? "" : "t")));
    }
    EXPECT_TRUE(stream->WritesDone());
  });
  v1::NotifyStreamResponse response;
  std::uint64_t last = 0;
  int count = 0;
  while (stream->Read(&response)) {
    if (count % 100 == 99) {
      EXPECT_TRUE(response.result().has_error()) << count;
    } else {
      EXPECT_GT(response.result().ok().id(), last) << count;
      last = response.result().ok().id();
    }
    ++count;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(count, kItems);
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(kItems - kItems / 100));
  int next = 0;
  for (const v1::AppendItem& item : stored) {
    if (next % 100 == 99) {
      ++next;
    }
    EXPECT_EQ(item.user_id(), "u" + std::to_string(next++));
  }
}

TEST_F(StreamTest, ReadsOnOnlyWhileFewWaitToBeAcknowledged) {
  config_.stream_unacknowledged_max = 8;
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(Write(*stream, Request("u" + std::to_string(i))));
    }
    stream->WritesDone();
  });
  const auto in_flight = [&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items");
  };
  EXPECT_TRUE(WaitUntil([&] { return in_flight() == 8; }));
  // It stays there however much the caller has sent.
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(in_flight(), 8);
  }
  store_->Release();
  v1::NotifyStreamResponse response;
  int count = 0;
  while (stream->Read(&response)) {
    EXPECT_TRUE(response.result().has_ok());
    ++count;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(count, 1000);
  for (const auto& seen : store_->seen()) {
    EXPECT_LE(seen.request.items_size(), 8);
  }
}

TEST_F(StreamTest, WhatWaitsGoesTogether) {
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(Write(*stream, Request("u")));
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 1500;
  }));
  EXPECT_EQ(store_->holding(), 1);  // a stream's order allows one Append
  store_->Release();
  stream->WritesDone();
  v1::NotifyStreamResponse response;
  int count = 0;
  while (stream->Read(&response)) {
    ++count;
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(count, 1500);
  EXPECT_LE(store_->seen().size(), 4u);
}

TEST_F(StreamTest, ACancelledStreamCancelsItsAppendAndSendsNoMore) {
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Write(*stream, Request("u")));
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 10;
  }));
  context->TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return store_->cancelled() == 1; }));
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 0;
  }));
  EXPECT_THAT(store_->seen(), SizeIs(1));
  EXPECT_TRUE(WaitUntil([&] { return Metric("belfry_ingest_streams") == 0; }));
}

TEST_F(StreamTest, ManyStreamsStartAndEndAnyHow) {
  StartIngest();
  v1::NotifyService::Stub& stub = Stub();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round) {
        const auto context = Context();
        const auto stream = stub.NotifyStream(context.get());
        for (int i = 0; i < round; ++i) {
          if (!Write(*stream, Request("u"))) {
            break;
          }
        }
        if ((round + t) % 3 == 0) {
          context->TryCancel();
        }
        if ((round + t) % 3 == 1) {
          stream->WritesDone();
        }
        v1::NotifyStreamResponse response;
        for (int i = 0; i < round && stream->Read(&response); ++i) {
        }
        if ((round + t) % 3 == 2) {
          context->TryCancel();
        }
        (void)stream->Finish();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_streams") == 0 && Metric("belfry_ingest_in_flight_items") == 0;
  }));
  v1::NotifyResponse response;
  EXPECT_TRUE(Stub().Notify(Context().get(), Request("after"), &response).ok());
}

TEST_F(StreamTest, StreamsAreBoundedInNumber) {
  config_.streams_max = 1;
  StartIngest();
  const auto first_context = Context();
  const auto first = Stub().NotifyStream(first_context.get());
  ASSERT_TRUE(Write(*first, Request("u")));
  v1::NotifyStreamResponse response;
  ASSERT_TRUE(first->Read(&response));
  const auto second_context = Context();
  const auto second = Stub().NotifyStream(second_context.get());
  EXPECT_FALSE(second->Read(&response));
  EXPECT_EQ(second->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
}

TEST_F(StreamTest, ARateLimitedItemIsAcknowledgedInItsPlace) {
  config_.rate_per_key = 1;
  config_.burst_per_key = 3;
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Write(*stream, Request("u")));
  }
  stream->WritesDone();
  v1::NotifyStreamResponse response;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.result().has_ok(), i < 3) << i;
    if (i >= 3) {
      EXPECT_TRUE(wire::FromProto(response.result().error()).retry_after.has_value());
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(StreamTest, KeysAreRotatedUnderOpenStreams) {
  StartIngest();
  const auto old_context = Context();
  const auto old_stream = Stub().NotifyStream(old_context.get());
  const std::string old_bearer = Bearer("full");
  ASSERT_TRUE(Write(*old_stream, Request("u")));
  v1::NotifyStreamResponse response;
  ASSERT_TRUE(old_stream->Read(&response));

  // A bad file changes nothing.
  WriteKeysFile("{\"keys\": [");
  app_->Reload();
  EXPECT_EQ(Metric("belfry_ingest_api_keys_reloads_total{result=\"error\"}"), 1);
  ASSERT_TRUE(Write(*old_stream, Request("u")));
  ASSERT_TRUE(old_stream->Read(&response));
  EXPECT_TRUE(response.result().has_ok());

  WriteKeys();  // the same ids, other secrets
  app_->Reload();
  EXPECT_EQ(Metric("belfry_ingest_api_keys_reloads_total{result=\"ok\"}"), 1);
  (void)Write(*old_stream, Request("u"));
  EXPECT_FALSE(old_stream->Read(&response));
  EXPECT_EQ(old_stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  grpc::ClientContext late;
  late.AddMetadata("authorization", old_bearer);
  v1::NotifyResponse answer;
  EXPECT_EQ(Stub().Notify(&late, Request("u"), &answer).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Stub().Notify(Context().get(), Request("u"), &answer).ok());
  EXPECT_THAT(store_->stored(), SizeIs(3));
}

TEST_F(StreamTest, DrainingAcknowledgesWhatWasReadAndEndsTheStream) {
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Write(*stream, Request("u")));
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 10;
  }));
  std::thread stop([&] { app_->Stop(); });
  EXPECT_TRUE(WaitUntil([&] { return Get(app_->ports().admin, "/readyz").status == 503; }));
  store_->Release();
  v1::NotifyStreamResponse response;
  int count = 0;
  while (stream->Read(&response)) {
    EXPECT_TRUE(response.result().has_ok());
    ++count;
  }
  EXPECT_EQ(count, 10);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  stop.join();
  v1::NotifyResponse answer;
  EXPECT_EQ(Stub().Notify(Context().get(), Request("u"), &answer).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(store_->stored(), SizeIs(10));
}

TEST_F(StreamTest, StoppingWithoutAStoreEndsInTime) {
  config_.drain_timeout = std::chrono::milliseconds(200);
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  ASSERT_TRUE(Write(*stream, Request("u")));
  EXPECT_TRUE(WaitUntil([&] { return store_->holding() == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  app_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  v1::NotifyStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_THAT(store_->stored(), IsEmpty());
}

TEST_F(StreamTest, StartsWithoutAStoreAndSaysSo) {
  const std::string address = store_->address();
  store_.reset();
  config_.deadline_default = std::chrono::milliseconds(200);
  StartIngest();
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    const HttpAnswer ready = Get(app_->ports().admin, "/readyz");
    return ready.status == 503 && ready.body.find(address) != std::string::npos &&
           ready.body.find("UNAVAILABLE") != std::string::npos;
  }));
  EXPECT_EQ(Get(app_->ports().admin, "/livez").status, 200);
  grpc::ClientContext context;
  context.AddMetadata("authorization", Bearer("full"));
  v1::NotifyResponse response;
  EXPECT_EQ(Stub().Notify(&context, Request("u"), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);

  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  store_ = FakeStore::Start(port);
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Get(app_->ports().admin, "/readyz").status == 200;
  }));
  EXPECT_TRUE(Stub().Notify(Context().get(), Request("u"), &response).ok());
}

TEST_F(StreamTest, AStoreThatRestartsCostsPatienceAndNothingElse) {
  StartIngest();
  const std::string address = store_->address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  const auto context = Context();
  const auto stream = Stub().NotifyStream(context.get());
  v1::NotifyStreamResponse response;
  ASSERT_TRUE(Write(*stream, Request("before")));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.result().has_ok());
  store_.reset();
  ASSERT_TRUE(Write(*stream, Request("during")));
  EXPECT_TRUE(WaitUntil([&] { return Metric("belfry_ingest_append_retries_total") >= 2; }));
  store_ = FakeStore::Start(port);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.result().has_ok());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_THAT(store_->stored(), SizeIs(1));
  EXPECT_EQ(store_->stored()[0].user_id(), "during");
}

}  // namespace
}  // namespace belfry::ingest
