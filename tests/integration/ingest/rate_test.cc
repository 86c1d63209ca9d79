// SPDX-License-Identifier: Apache-2.0
// What nobody can parse uses up its sender's rate too, whichever way it comes.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kGarbage = "\xFF\xFF\xFF";

grpc::ByteBuffer Buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

class RateTest : public IngestTest {
 protected:
  void SetUp() override {
    config_.rate_per_key = 1;
    config_.burst_per_key = 1;
    StartIngest();
  }

  // The reason that a unary call with these bytes is refused for.
  std::string Reason(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel());
    const grpc::ByteBuffer request = Buffer(bytes);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    const auto context = Context();
    stub.UnaryCall(context.get(), "/belfry.v1.NotifyService/" + method, grpc::StubOptions(),
                   &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    return wire::FromGrpc(done.get_future().get()).reason;
  }
  // One call may be paid for by a token that came meanwhile.
  void ExpectLimited(const std::string& method, const std::string& bytes) {
    EXPECT_TRUE(WaitUntil([&] { return Reason(method, bytes) == "RATE_LIMITED"; })) << method;
  }
  void ExpectLimitedOverRest(const std::string& path, const std::string& body) {
    HttpAnswer answer;
    EXPECT_TRUE(WaitUntil([&] {
      answer = Post(path, body);
      return answer.status == 429;
    })) << path
        << ": " << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("RATE_LIMITED"));
    EXPECT_EQ(answer.headers["retry-after"], "1");
  }
};

TEST_F(RateTest, AMalformedNotifyIsCharged) {
  ExpectLimited("Notify", kGarbage);
  EXPECT_GE(Metric("belfry_ingest_rate_limited_total{key=\"full\"}"), 1);
}

TEST_F(RateTest, AMalformedBroadcastIsCharged) { ExpectLimited("Broadcast", kGarbage); }

TEST_F(RateTest, AMalformedBatchIsCharged) { ExpectLimited("NotifyBatch", kGarbage); }

TEST_F(RateTest, ABatchOfTheWrongSizeIsCharged) { ExpectLimited("NotifyBatch", ""); }

TEST_F(RateTest, ABatchIsChargedForEachItemBeforeItIsParsed) {
  // Three items of one byte each, which is no message: there is a token for one of them.
  const std::string items = "\x0a\x01\xFF\x0a\x01\xFF\x0a\x01\xFF";
  grpc::GenericStub stub(channel());
  std::vector<std::string> reasons;
  EXPECT_TRUE(WaitUntil([&] {
    const grpc::ByteBuffer request = Buffer(items);
    grpc::ByteBuffer answer;
    std::promise<grpc::Status> done;
    const auto context = Context();
    stub.UnaryCall(context.get(), "/belfry.v1.NotifyService/NotifyBatch", grpc::StubOptions(),
                   &request, &answer,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    if (!done.get_future().get().ok()) {
      return false;  // not even one
    }
    v1::NotifyBatchResponse response;
    grpc::Slice slice;
    EXPECT_TRUE(answer.DumpToSingleSlice(&slice).ok());
    EXPECT_TRUE(response.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
    for (const auto& result : response.results()) {
      reasons.push_back(wire::FromProto(result.error()).reason);
    }
    return true;
  }));
  EXPECT_THAT(reasons, Contains("RATE_LIMITED"));
}

TEST_F(RateTest, AStreamsMalformedRequestsAreCharged) {
  grpc::GenericStub stub(channel());
  const auto context = Context();
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto next = [&] { return queue.Next(&tag, &ok) && ok; };
  auto stream = stub.PrepareCall(context.get(), "/belfry.v1.NotifyService/NotifyStream", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(next());
  std::string reason;
  EXPECT_TRUE(WaitUntil([&] {
    stream->Write(Buffer(kGarbage), nullptr);
    grpc::ByteBuffer answer;
    EXPECT_TRUE(next());
    stream->Read(&answer, nullptr);
    EXPECT_TRUE(next());
    v1::NotifyStreamResponse response;
    grpc::Slice slice;
    EXPECT_TRUE(answer.DumpToSingleSlice(&slice).ok());
    EXPECT_TRUE(response.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
    reason = wire::FromProto(response.result().error()).reason;
    return reason != "MALFORMED_MESSAGE";
  }));
  EXPECT_EQ(reason, "RATE_LIMITED");
  context->TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  (void)queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

TEST_F(RateTest, AMalformedBodyIsCharged) { ExpectLimitedOverRest("/v1/notify", "{"); }

TEST_F(RateTest, AMalformedBatchBodyIsCharged) { ExpectLimitedOverRest("/v1/notify/batch", "[1,"); }

TEST_F(RateTest, ABodyThatIsTooLargeOrNoJsonIsCharged) {
  ExpectLimitedOverRest("/v1/notify", std::string(140'000, ' '));
}

TEST_F(RateTest, WhoIsNobodyIsNotChargedToAnybody) {
  for (int i = 0; i < 10; ++i) {
    const HttpAnswer answer =
        Http("POST", "/v1/notify", "{",
             {{"Authorization", "Bearer full.x"}, {"Content-Type", "application/json"}});
    EXPECT_EQ(answer.status, 401);
  }
  EXPECT_EQ(Post("/v1/notify", R"({"userId":"a","title":"t"})").status, 201);
  EXPECT_EQ(Metric("belfry_ingest_rate_limited_total{key=\"full\"}"), 0);
}

}  // namespace
}  // namespace belfry::ingest
