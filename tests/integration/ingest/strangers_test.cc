// SPDX-License-Identifier: Apache-2.0
// Callers who may not call, or who do not go on: they cost next to nothing.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <atomic>
#include <optional>
#include <thread>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "tests/integration/ingest/fixture.h"
#include "tests/support/cluster/head_only.h"

namespace belfry::ingest {
namespace {

using test::HeadOnly;
using ::testing::IsEmpty;

class StrangersTest : public IngestTest {
 protected:
  static std::unique_ptr<grpc::ClientContext> NoKey() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return context;
  }
  // Whether `over` comes true while the ingest's main loop runs.
  template <typename Over>
  bool PulseUntil(Over over) {
    return WaitUntil([&] {
      EXPECT_TRUE(app_->Pulse().ok());
      return over();
    });
  }
};

TEST_F(StrangersTest, EveryMethodRefusesThemBeforeTheirMessage) {
  StartIngest();
  int methods = 0;
  for (const char* name :
       {"belfry.v1.NotifyService", "belfry.v1.InboxService", "belfry.v1.AudienceService"}) {
    const auto* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const std::string method = "/" + service->full_name() + "/" + service->method(i)->name();
      HeadOnly call(channel(), method, NoKey());
      const grpc::Status status = call.status();
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << method << ": " << status.error_message();
      EXPECT_EQ(wire::FromGrpc(status).reason, "MISSING_CREDENTIALS") << method;
    }
  }
  EXPECT_GE(methods, 25);
}

TEST_F(StrangersTest, AKeyWithoutTheScopeIsRefusedBeforeItsMessage) {
  StartIngest();
  HeadOnly call(channel(), "/belfry.v1.NotifyService/Broadcast", Context("quiet"));
  EXPECT_EQ(call.status().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(StrangersTest, ACallWhoseMessageDoesNotComeEnds) {
  config_.stall_timeout = std::chrono::milliseconds(100);
  StartIngest();
  HeadOnly call(channel(), "/belfry.v1.NotifyService/NotifyBatch", Context());
  ASSERT_TRUE(PulseUntil([&] { return call.answered(); }));
  const grpc::Status status = call.status();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(wire::FromGrpc(status).reason, "MESSAGE_TIMEOUT");
}

TEST_F(StrangersTest, ACallerWhoGoesBeforeTheirMessageLeavesNothing) {
  StartIngest();
  // As its end is seen.
  const auto ended = [this](const std::string& code) {
    return Metric("belfry_ingest_calls_total{code=\"" + code +
                  "\",method=\"Notify\",transport=\"grpc\"}");
  };
  // One that goes before its head has come is none.
  EXPECT_TRUE(WaitUntil([&] {
    const HeadOnly call(channel(), "/belfry.v1.NotifyService/Notify", Context());
    return ended("CANCELLED") + ended("INVALID_ARGUMENT") >= 1;
  }));
  app_->Stop();  // would wait for a call that is left
}

TEST_F(StrangersTest, AMessageThatIsTooLargeIsRefusedByName) {
  config_.body_bytes_max = 64 * 1024;
  StartIngest();
  v1::NotifyBatchRequest batch;
  for (int i = 0; i < 20; ++i) {
    *batch.add_items() = Request("u" + std::to_string(i));
    batch.mutable_items(i)->mutable_notification()->set_body(std::string(4000, 'b'));
  }
  const auto stub = v1::NotifyService::NewStub(channel());
  v1::NotifyBatchResponse response;
  const grpc::Status status = stub->NotifyBatch(Context().get(), batch, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire::FromGrpc(status).reason, "MESSAGE_TOO_LARGE");
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("at most 65536"));

  const auto context = Context();
  const auto stream = stub->NotifyStream(context.get());
  v1::NotifyStreamRequest large, good;
  *large.mutable_item() = Request("u");
  large.mutable_item()->mutable_notification()->set_body(std::string(70'000, 'b'));
  *good.mutable_item() = Request("good");
  ASSERT_TRUE(stream->Write(large) && stream->Write(good) && stream->WritesDone());
  v1::NotifyStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(wire::FromProto(answer.result().error()).reason, "MESSAGE_TOO_LARGE");
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_TRUE(answer.result().has_ok()) << "the stream goes on";
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(store_->stored(), ::testing::SizeIs(1));
}

// Before, 8 KiB of one call's metadata ended the connection, with all calls on it.
TEST_F(StrangersTest, ANeighboursMetadataDoesNotEndTheConnection) {
  StartIngest();
  const auto context = Context();
  const auto stream = v1::NotifyService::NewStub(channel())->NotifyStream(context.get());
  auto large = NoKey();
  large->AddMetadata("x-large", std::string(40'000, 'x'));
  HeadOnly neighbour(channel(), "/belfry.v1.NotifyService/Notify", std::move(large));
  EXPECT_EQ(neighbour.status().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  v1::NotifyStreamRequest request;
  *request.mutable_item() = Request("u");
  v1::NotifyStreamResponse answer;
  ASSERT_TRUE(stream->Write(request) && stream->WritesDone() && stream->Read(&answer));
  EXPECT_TRUE(answer.result().has_ok());
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(StrangersTest, OverRestNobodysBodyIsReadUnlessTheHeadIsGood) {
  StartIngest();
  const auto refused = [this](const std::string& request, const std::string& more) {
    // The body never comes, so that an answer needs none of it.
    const std::string answer =
        Exchange(app_->ports().http, request + " HTTP/1.1\r\nHost: ingest\r\n" + more +
                                         "Content-Type: application/json\r\n"
                                         "Content-Length: 1000000\r\n\r\n{");
    return answer.empty() ? "" : answer.substr(9, 3);
  };
  const std::string key = "Authorization: " + Bearer("full") + "\r\n";
  EXPECT_EQ(refused("POST /v1/notify/batch", ""), "401");
  EXPECT_EQ(refused("POST /v1/notify/batch", "Authorization: Bearer no.body\r\n"), "401");
  EXPECT_EQ(refused("POST /v1/notify/batch", key + key), "401");
  EXPECT_EQ(refused("POST /v1/elsewhere", key), "404");
  EXPECT_EQ(refused("PUT /v1/notify", key), "405");
  EXPECT_EQ(refused("POST /v1/notify", key), "413");
  EXPECT_EQ(refused("POST /v1/users/alice/read-all", key), "413");
  EXPECT_EQ(refused("PUT /v1/users/alice", key), "413");
}

TEST_F(StrangersTest, WhoTakesNoAcknowledgementsIsNotReadFurtherAndEnds) {
  config_.stall_timeout = std::chrono::milliseconds(200);
  StartIngest();
  // A client that takes no more than 64 KiB before they are read.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  const auto context = Context();
  const auto stream =
      v1::NotifyService::NewStub(
          grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(app_->ports().grpc),
                                    grpc::InsecureChannelCredentials(), arguments))
          ->NotifyStream(context.get());
  // Wrong in six fields, so that its answer is long.
  v1::NotifyStreamRequest bad;
  auto* const wrong = bad.mutable_item()->mutable_notification();
  for (std::string* field : {wrong->mutable_kind(), wrong->mutable_subject_type(),
                             wrong->mutable_action_url(), wrong->mutable_image_url()}) {
    *field = "\x01";
  }
  std::atomic<bool> ended{false};
  std::thread writer([&] {
    while (stream->Write(bad)) {  // until the stream ends, however fast this machine writes
    }
    ended = true;
  });
  EXPECT_TRUE(PulseUntil([&] { return ended.load(); }));
  writer.join();
  v1::NotifyStreamResponse answer;
  while (stream->Read(&answer)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  const double refused =
      Metric(R"(belfry_ingest_items_total{code="INVALID_ARGUMENT",transport="grpc"})");
  EXPECT_GT(refused, 50);
  EXPECT_LT(refused, 2'000) << "read as far as if answers were small";
  EXPECT_THAT(store_->stored(), IsEmpty());
}

TEST_F(StrangersTest, AStreamThatHasBecomeOldEndsOnceAllIsAcknowledged) {
  config_.connection_age_max = std::chrono::milliseconds(1'000);
  StartIngest();
  const auto context = Context();
  const auto stream = v1::NotifyService::NewStub(channel())->NotifyStream(context.get());
  v1::NotifyStreamRequest request;
  *request.mutable_item() = Request("u");
  v1::NotifyStreamResponse answer;
  ASSERT_TRUE(stream->Write(request) && stream->Read(&answer));
  EXPECT_TRUE(answer.result().has_ok());
  std::atomic<bool> ended{false};
  std::thread reader([&] {
    EXPECT_FALSE(stream->Read(&answer));
    ended = true;
  });
  EXPECT_TRUE(PulseUntil([&] { return ended.load(); }));
  reader.join();
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(wire::FromGrpc(status).reason, "STREAM_AGE") << status.error_message();
}

}  // namespace
}  // namespace belfry::ingest
