// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/gate.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "libs/wire/rpc/status.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

constexpr char kNotify[] = "/belfry.v1.NotifyService/Notify";

// A call of which only the head is sent.
class HeadOnly final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  HeadOnly(const std::shared_ptr<grpc::Channel>& channel, const std::string& authorization)
      : stub_(channel) {
    if (!authorization.empty()) {
      context_.AddMetadata("authorization", authorization);
    }
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stub_.PrepareBidiStreamingCall(&context_, kNotify, grpc::StubOptions(), this);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }
  // Sends no message, not even an empty one.
  void EndRequest() { StartWritesDone(); }
  grpc::Status Wait() { return done_.get_future().get(); }

  void OnDone(const grpc::Status& status) override { done_.set_value(status); }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::promise<grpc::Status> done_;
};

// A server whose gate admits "Bearer friend".
class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    service.answer = [](const v1::NotifyRequest& request) {
      return request.notification().title().empty()
                 ? grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no title")
                 : grpc::Status::OK;
    };
    RpcServerOptions options;
    options.gate = [this](const CallHead& head) -> Status {
      const std::lock_guard lock(mutex);
      methods.emplace_back(head.method());
      peers.push_back(head.Peer());
      ++judged;
      if (head.Authorization() == "Bearer friend") {
        return {};
      }
      return Fail(Code::kPermissionDenied, "not you", "STRANGER");
    };
    server =
        test::StartServer({{&service, v1::NotifyService::service_full_name()}}, std::move(options));
    channel = *MakeChannel(test::AddressOf(*server), {});
  }

  grpc::Status NotifyAs(const std::string& authorization, const std::string& title) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::NotifyRequest request;
    request.mutable_notification()->set_title(title);
    v1::NotifyResponse response;
    return v1::NotifyService::NewStub(channel)->Notify(&context, request, &response);
  }

  test::TestService service;
  std::mutex mutex;
  std::vector<std::string> methods, peers;  // guarded by mutex
  std::atomic<int> judged = 0;
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
};

TEST_F(GateTest, RefusesACallBeforeItsMessageCame) {
  for (const char* authorization : {"", "Bearer enemy"}) {
    HeadOnly call(channel, authorization);
    const grpc::Status status = call.Wait();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << authorization;
    EXPECT_EQ(status.error_message(), "not you");
    EXPECT_EQ(FromGrpc(status).reason, "STRANGER");
  }
  EXPECT_EQ(methods, (std::vector<std::string>{kNotify, kNotify}));
  EXPECT_EQ(peers[0].rfind("ipv4:127.0.0.1:", 0), 0U) << peers[0];
}

TEST_F(GateTest, AnAdmittedCallIsServedAsWithoutAGate) {
  for (const std::size_t size : {1U, 100'000U, 4U << 20}) {
    EXPECT_TRUE(NotifyAs("Bearer friend", std::string(size, 'x')).ok()) << size;
  }
  const grpc::Status refused = NotifyAs("Bearer friend", "");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "the service's own error";
  EXPECT_EQ(NotifyAs("Bearer friend", std::string(9U << 20, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED)
      << "the size is bounded as before";
}

TEST_F(GateTest, ManyCallsAtOnceAreEachJudged) {
  service.answer = nullptr;  // it keeps them
  std::vector<std::future<grpc::Status>> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(std::async(std::launch::async, [this, i] {
      return NotifyAs(i % 2 == 0 ? "Bearer friend" : "Bearer enemy", "T");
    }));
  }
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 64 && service.kept() == 32; }));
  service.Release();
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(calls[static_cast<std::size_t>(i)].get().ok(), i % 2 == 0) << i;
  }
}

TEST_F(GateTest, ACallThatNeverSendsItsMessageEndsWithTheCall) {
  HeadOnly cancelled(channel, "Bearer friend");
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 1; }));
  cancelled.Cancel();
  EXPECT_EQ(cancelled.Wait().error_code(), grpc::StatusCode::CANCELLED);

  HeadOnly empty(channel, "Bearer friend");
  empty.EndRequest();
  EXPECT_FALSE(empty.Wait().ok());

  HeadOnly open(channel, "Bearer friend");
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 3; }));
  server->Shutdown(std::chrono::milliseconds(0));
  EXPECT_FALSE(open.Wait().ok());
}

TEST_F(GateTest, JudgesStreamsToo) {
  std::string response;
  EXPECT_EQ(
      test::CallBytes(channel, "/belfry.v1.NotifyService/NotifyStream", "", &response).error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(GateTest, HealthNeedsNoCredentials) {
  server->SetServing(true);
  std::string response;
  EXPECT_TRUE(test::CallBytes(channel, "/grpc.health.v1.Health/Check", "", &response).ok());
  EXPECT_EQ(judged, 0);
}

}  // namespace
}  // namespace belfry::wire
