// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/head_first.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/common/clock.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/typed_call.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/cluster/head_only.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using belfry::test::HeadOnly;

constexpr char kNotify[] = "/belfry.v1.NotifyService/Notify";

// Sends what it is asked for, one message after the other, as long as they are taken.
class Echoes final : public HeadFirstCall {
 public:
  using HeadFirstCall::HeadFirstCall;

 private:
  void OnMessage(const grpc::ByteBuffer& message) override {
    sent_ = message;
    StartWrite(&sent_);
  }
  void OnWriteDone(bool ok) override {
    if (ok && ++times_ < 3) {
      return StartWrite(&sent_);
    }
    Finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED);
  }

  grpc::ByteBuffer sent_;
  int times_ = 0;
};

// Answers Notify by `answer`, or keeps the call.
class Service final : public HeadFirstService {
 public:
  using Call = TypedCall<v1::NotifyRequest, v1::NotifyResponse>;

  explicit Service(HeadFirstCalls& calls) : HeadFirstService("belfry.v1.NotifyService") {
    AddTyped<Call>(this, "Notify", calls, [this](Call& call) {
      const std::lock_guard lock(mutex);
      if (answer) {
        call.response().set_id(7);
        return call.End(answer(call.request()));
      }
      kept.push_back(&call);
    });
    Add("NotifyStream", [&calls](const CallHead& head) {
      auto* const call = new Echoes(head, calls);
      call->Run();
      return call;
    });
  }

  void Release() {
    const std::lock_guard lock(mutex);
    for (Call* const call : kept) {
      call->End({});
    }
    kept.clear();
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex);
    return kept.size();
  }

  std::mutex mutex;
  std::function<Status(const v1::NotifyRequest&)> answer;  // guarded by mutex
  std::vector<Call*> kept;                                 // guarded by mutex
};

// A server whose gate admits "Bearer friend".
class HeadFirstTest : public ::testing::Test {
 protected:
  HeadFirstTest() {
    service.answer = [](const v1::NotifyRequest& request) -> Status {
      if (request.notification().title().empty()) {
        return Fail(Code::kInvalidArgument, "no title");
      }
      return {};
    };
    RpcServerOptions options;
    options.calls = &served;
    server = test::StartServer({&service}, options);
    channel = *MakeChannel(test::AddressOf(*server), {});
  }

  Status Judge(const CallHead& head) {
    const std::lock_guard lock(mutex);
    methods.emplace_back(head.method());
    peers.push_back(head.Peer());
    ++judged;
    if (head.Authorization() == "Bearer friend") {
      return {};
    }
    return Fail(Code::kPermissionDenied, "not you", "STRANGER");
  }

  static std::unique_ptr<grpc::ClientContext> As(const std::string& authorization) {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!authorization.empty()) {
      context->AddMetadata("authorization", authorization);
    }
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return context;
  }

  grpc::Status NotifyAs(const std::string& authorization, const std::string& title) {
    v1::NotifyRequest request;
    request.mutable_notification()->set_title(title);
    v1::NotifyResponse response;
    const grpc::Status status =
        v1::NotifyService::NewStub(channel)->Notify(As(authorization).get(), request, &response);
    if (status.ok() && service.answer) {
      EXPECT_EQ(response.id(), 7U);
    }
    return status;
  }

  test::MovedClock clock;
  HeadFirstCalls served{
      {.fruitless_max = 50}, clock, [this](const CallHead& head) { return Judge(head); }};
  Service service{served};
  std::mutex mutex;
  std::vector<std::string> methods, peers;  // guarded by mutex
  std::atomic<int> judged = 0;
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
};

TEST_F(HeadFirstTest, RefusesACallBeforeItsMessageCame) {
  for (const char* authorization : {"", "Bearer enemy"}) {
    HeadOnly call(channel, kNotify, As(authorization));
    const grpc::Status status = call.status();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << authorization;
    EXPECT_EQ(status.error_message(), "not you");
    EXPECT_EQ(FromGrpc(status).reason, "STRANGER");
  }
  EXPECT_EQ(methods, (std::vector<std::string>{kNotify, kNotify}));
  EXPECT_EQ(peers[0].rfind("ipv4:127.0.0.1:", 0), 0U) << peers[0];
}

TEST_F(HeadFirstTest, CredentialsThatComeTwiceAreNone) {
  auto context = As("Bearer friend");
  context->AddMetadata("authorization", "Bearer friend");
  HeadOnly call(channel, kNotify, std::move(context));
  EXPECT_EQ(call.status().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(HeadFirstTest, AnAdmittedCallIsServedAsByGeneratedCode) {
  for (const std::size_t size : {1U, 100'000U, 4U << 20}) {
    EXPECT_TRUE(NotifyAs("Bearer friend", std::string(size, 'x')).ok()) << size;
  }
  const grpc::Status refused = NotifyAs("Bearer friend", "");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "the service's own error";
  EXPECT_EQ(refused.error_message(), "no title");
  EXPECT_EQ(NotifyAs("Bearer friend", std::string(9U << 20, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED)
      << "the size is bounded as before";
}

TEST_F(HeadFirstTest, ManyCallsAtOnceAreEachJudged) {
  service.answer = nullptr;  // it keeps them
  std::vector<std::future<grpc::Status>> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(std::async(std::launch::async, [this, i] {
      return NotifyAs(i % 2 == 0 ? "Bearer friend" : "Bearer enemy", "T");
    }));
  }
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 64 && service.waiting() == 32; }));
  service.Release();
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(calls[static_cast<std::size_t>(i)].get().ok(), i % 2 == 0) << i;
  }
}

TEST_F(HeadFirstTest, ACallThatNeverSendsItsMessageEndsWithTheCall) {
  HeadOnly cancelled(channel, kNotify, As("Bearer friend"));
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 1; }));
  cancelled.Cancel();
  EXPECT_EQ(cancelled.status().error_code(), grpc::StatusCode::CANCELLED);

  HeadOnly empty(channel, kNotify, As("Bearer friend"));
  empty.EndRequest();
  EXPECT_EQ(FromGrpc(empty.status()).reason, "MALFORMED_MESSAGE");

  HeadOnly open(channel, kNotify, As("Bearer friend"));
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return judged == 3; }));
  server->Shutdown(std::chrono::milliseconds(0));
  EXPECT_FALSE(open.status().ok());
  EXPECT_EQ(served.active(), 0U);
}

TEST_F(HeadFirstTest, ACallWhoseMessageDoesNotComeInTimeEndsWithAnErrorOfItsOwn) {
  for (const char* method : {kNotify, "/belfry.v1.NotifyService/NotifyStream"}) {
    HeadOnly call(channel, method, As("Bearer friend"));
    ASSERT_TRUE(belfry::test::WaitUntil([&] { return served.active() == 1; }));
    served.EndStalled();
    clock.Advance(std::chrono::seconds(29));
    served.EndStalled();
    EXPECT_FALSE(call.answered()) << method;
    // It may be counted a moment before it waits.
    ASSERT_TRUE(belfry::test::WaitUntil([&] {
      clock.Advance(std::chrono::seconds(31));
      served.EndStalled();
      return call.answered();
    }));
    const grpc::Status status = call.status();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << method;
    EXPECT_EQ(FromGrpc(status).reason, "MESSAGE_TIMEOUT") << method;
    ASSERT_TRUE(belfry::test::WaitUntil([&] { return served.active() == 0; }));
  }
}

TEST_F(HeadFirstTest, ACallThatIsWorkedOnDoesNotWaitForItsCaller) {
  service.answer = nullptr;  // it keeps them
  auto call = std::async(std::launch::async, [this] { return NotifyAs("Bearer friend", "T"); });
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return service.waiting() == 1; }));
  clock.Advance(std::chrono::hours(1));
  served.EndStalled();
  service.Release();
  EXPECT_TRUE(call.get().ok());
}

TEST_F(HeadFirstTest, ACallWhoseAnswerIsNotTakenEnds) {
  service.answer = nullptr;
  // A client that takes no more than 64 KiB before they are read.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  test::StepwiseCall call(grpc::CreateCustomChannel(test::AddressOf(*server),
                                                    grpc::InsecureChannelCredentials(), arguments),
                          kNotify, As("Bearer friend"));
  ASSERT_TRUE(call.WriteLast(""));
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return service.waiting() == 1; }));
  {
    const std::lock_guard lock(service.mutex);
    v1::NotifyResponse& response = service.kept[0]->response();
    response.GetReflection()->MutableUnknownFields(&response)->AddLengthDelimited(
        1000, std::string(1u << 20, 'x'));
  }
  service.Release();
  served.EndStalled();
  EXPECT_EQ(served.active(), 1U) << "it may take its time";
  clock.Advance(std::chrono::seconds(31));
  served.EndStalled();
  EXPECT_TRUE(belfry::test::WaitUntil([&] { return served.active() == 0; }));
  grpc::ByteBuffer answer;
  EXPECT_FALSE(call.Read(&answer));
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(HeadFirstTest, ACallMayHaveSeveralAnswers) {
  test::StepwiseCall call(channel, "/belfry.v1.NotifyService/NotifyStream", As("Bearer friend"));
  ASSERT_TRUE(call.WriteLast("hello"));
  for (int i = 0; i < 3; ++i) {
    grpc::ByteBuffer answer;
    ASSERT_TRUE(call.Read(&answer)) << i;
    EXPECT_EQ(answer.Length(), 5U);
  }
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(HeadFirstTest, AMessageThatIsNoneIsRefused) {
  grpc::GenericStub stub(channel);
  const auto context = As("Bearer friend");
  const grpc::Slice slice("\xFF\xFF\xFF");
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  std::promise<grpc::Status> done;
  stub.UnaryCall(context.get(), kNotify, grpc::StubOptions(), &sent, &received,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  const grpc::Status status = done.get_future().get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FromGrpc(status).reason, "MALFORMED_MESSAGE");
}

// Calls that come to nothing again and again, made by `fail`, end their connection and no other.
void ExpectToBeEnded(Service& service, const std::shared_ptr<grpc::Channel>& channel,
                     const std::function<void(int)>& fail) {
  service.answer = nullptr;  // it keeps what it admits
  auto neighbour = std::make_unique<grpc::ClientContext>();
  neighbour->AddMetadata("authorization", "Bearer friend");
  grpc::Status ended;
  std::atomic<bool> over = false;
  std::thread call([&] {
    v1::NotifyResponse response;
    ended = v1::NotifyService::NewStub(channel)->Notify(neighbour.get(), {}, &response);
    over = true;
  });
  EXPECT_TRUE(belfry::test::WaitUntil([&] { return service.waiting() == 1; }));
  for (int i = 0; i < 40; ++i) {
    fail(i);
  }
  EXPECT_FALSE(over) << "a few are nothing";
  int more = 0;
  EXPECT_TRUE(belfry::test::WaitUntil([&] {
    fail(more);
    return ++more > 5'000 || over;
  }));
  EXPECT_TRUE(over);
  neighbour->TryCancel();
  call.join();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  service.Release();
}

TEST_F(HeadFirstTest, AConnectionWhoseCallsAreRefusedEnds) {
  const auto other = *MakeChannel(test::AddressOf(*server), {});
  auto fine = [&other] {
    std::string response;
    return test::CallBytes(other, "/grpc.health.v1.Health/Check", "", &response).ok();
  };
  server->SetServing(true);
  EXPECT_TRUE(fine());
  ExpectToBeEnded(service, channel, [this](int) { (void)NotifyAs("Bearer enemy", "T"); });
  EXPECT_TRUE(fine());
}

// CVE-2023-44487: they are reset at once, and the gate would admit them.
TEST_F(HeadFirstTest, AConnectionWhoseCallsAreResetEnds) {
  ExpectToBeEnded(service, channel, [this](int i) {
    const int before = judged;
    const HeadOnly call(channel, kNotify, As("Bearer friend"));
    if (i % 2 == 0) {
      (void)belfry::test::WaitUntil([&] { return judged > before || call.answered(); });
    }
  });
}

TEST_F(HeadFirstTest, AConnectionWhoseCallsHaveNoMethodEnds) {
  ExpectToBeEnded(service, channel, [this](int) {
    std::string response;
    (void)test::CallBytes(channel, "/belfry.v1.NotifyService/Nothing", "", &response);
  });
}

TEST_F(HeadFirstTest, AConnectionWhoseHealthChecksHaveNoMessageEnds) {
  ExpectToBeEnded(service, channel, [this](int) {
    HeadOnly call(channel, "/grpc.health.v1.Health/Check", As(""));
    call.EndRequest();
    (void)call.status();
  });
}

TEST_F(HeadFirstTest, GoodCallsAndAFewBadOnesInTheCourseOfTimeEndNothing) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(NotifyAs("Bearer friend", "T").ok());
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(NotifyAs("Bearer enemy", "T").error_code(), grpc::StatusCode::PERMISSION_DENIED) << i;
    clock.Advance(std::chrono::milliseconds(200));
  }
}

TEST_F(HeadFirstTest, JudgesStreamsToo) {
  std::string response;
  EXPECT_EQ(
      test::CallBytes(channel, "/belfry.v1.NotifyService/NotifyStream", "", &response).error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(HeadFirstTest, HealthNeedsNoCredentials) {
  server->SetServing(true);
  std::string response;
  EXPECT_TRUE(test::CallBytes(channel, "/grpc.health.v1.Health/Check", "", &response).ok());
  EXPECT_EQ(judged, 0);
}

}  // namespace
}  // namespace belfry::wire
