// SPDX-License-Identifier: Apache-2.0
// Calls over one stream: CallClient against CallStream, and CallStream against raw messages.
#include "libs/wire/rpc/call_stream.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "belfry/v1/calls.pb.h"
#include "libs/common/clock.h"
#include "libs/wire/rpc/call_client.h"
#include "libs/wire/rpc/caller_key.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/typed_call.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using belfry::test::WaitUntil;
using std::chrono::seconds;

constexpr char kService[] = "belfry.v1.NotifyService";
constexpr char kCalls[] = "/belfry.v1.NotifyService/Calls";

// Answers Notify with the title's length, refuses the title "no", keeps those that begin with
// "keep". Nobody may call NotifyBatch.
class Service final : public HeadFirstService {
 public:
  using Call = TypedCall<v1::NotifyRequest, v1::NotifyResponse>;

  Service(HeadFirstCalls& calls, bool streams) : HeadFirstService(kService) {
    const ServedMethod notify = MethodOf<Call>([this](Call& call) { Notify(call); });
    for (const char* const name : {"Notify", "NotifyBatch"}) {
      AddServed(this, &methods_, name, calls, notify);
    }
    if (streams) {
      AddCallStreams(this, "Calls", calls, methods_);
    }
  }

  // Ends those kept, the last one first.
  void Release() {
    const std::lock_guard lock(mutex_);
    Answer();
  }
  // From now on none is kept.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    Answer();
  }
  std::size_t kept() const {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }
  std::size_t cancelled() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        kept_.begin(), kept_.end(), [](const Call* call) { return call->IsCancelled(); }));
  }
  int seen() const { return seen_; }

 private:
  // Holding mutex_.
  void Answer() {
    for (auto call = kept_.rbegin(); call != kept_.rend(); ++call) {
      End(**call);
    }
    kept_.clear();
  }

  static void End(Call& call) {
    call.response().set_id(call.request().notification().title().size());
    call.End({});
  }

  void Notify(Call& call) {
    ++seen_;
    const std::string& title = call.request().notification().title();
    if (title == "no") {
      Error error{Code::kResourceExhausted, "not now", "BUSY", {}, std::chrono::milliseconds(300)};
      error.violations.push_back({"title", "says no"});
      return call.Refuse(error);
    }
    if (title.starts_with("keep")) {
      const std::lock_guard lock(mutex_);
      if (!closed_) {
        kept_.push_back(&call);
        return;
      }
    }
    End(call);
  }

  StreamedMethods methods_{kService};
  std::atomic<int> seen_ = 0;
  mutable std::mutex mutex_;
  std::vector<Call*> kept_;  // guarded by mutex_
  bool closed_ = false;      // guarded by mutex_
};

// A call's answer, once it has come.
class Answer {
 public:
  explicit Answer(std::shared_ptr<std::promise<grpc::Status>> promise)
      : status_(promise->get_future()), promise_(std::move(promise)) {}
  v1::NotifyResponse* response() { return response_.get(); }
  CallClient::OnDone OnDone() {
    return [promise = promise_, response = response_](const grpc::Status& status) {
      promise->set_value(status);
    };
  }
  bool come() const { return status_.wait_for(seconds(0)) == std::future_status::ready; }
  const grpc::Status& status() const { return status_.get(); }
  Error error() const { return FromGrpc(status_.get()); }

 private:
  std::shared_future<grpc::Status> status_;
  std::shared_ptr<std::promise<grpc::Status>> promise_;
  std::shared_ptr<v1::NotifyResponse> response_ = std::make_shared<v1::NotifyResponse>();
};

v1::NotifyRequest Titled(const std::string& title) {
  v1::NotifyRequest request;
  request.mutable_notification()->set_title(title);
  return request;
}

std::string Message(std::uint64_t number, const std::string& method, const std::string& request) {
  v1::CallsRequest message;
  message.set_number(number);
  message.set_method(method);
  message.set_timeout_us(60'000'000);
  message.set_request(request);
  return message.SerializeAsString();
}

class CallStreamTest : public ::testing::Test {
 protected:
  CallStreamTest() {
    Serve(true, 0);
    Connect();
  }

  void Serve(bool streams, std::uint16_t port, CallLimits limits = {}) {
    if (service != nullptr) {
      service->Close();
    }
    server.reset();
    service.reset();
    calls = std::make_unique<HeadFirstCalls>(limits, clock,
                                             [this](const CallHead& head) { return Judge(head); });
    service = std::make_unique<Service>(*calls, streams);
    RpcServerOptions options;
    options.address = "127.0.0.1:" + std::to_string(port);
    options.calls = calls.get();
    server = test::StartServer({service.get()}, options);
  }
  void Connect(const std::shared_ptr<const CallerKey>& key = nullptr,
               std::chrono::milliseconds alone_for = seconds(60)) {
    channel = *MakeChannel(test::AddressOf(*server), {});
    client = std::make_unique<CallClient>(channel, kService, key, alone_for);
  }
  std::size_t streams() {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(judged.begin(), judged.end(), kCalls));
  }

  ~CallStreamTest() override {
    client.reset();
    service->Close();
    server.reset();
  }

  Status Judge(const CallHead& head) {
    const std::lock_guard lock(mutex);
    judged.emplace_back(head.method());
    if (!allowed.empty() && head.Authorization() != "Bearer " + allowed) {
      return Fail(Code::kUnauthenticated, "not you", "UNKNOWN_INTERNAL_KEY");
    }
    return head.method() == "/belfry.v1.NotifyService/NotifyBatch"
               ? Status(Fail(Code::kPermissionDenied, "not that", "ROLE_MAY_NOT"))
               : Status();
  }

  Answer Call(const std::string& title, std::chrono::milliseconds timeout = seconds(60),
              const std::string& method = "Notify") {
    Answer answer(std::make_shared<std::promise<grpc::Status>>());
    last = client->Start(method, Titled(title), answer.response(), timeout, answer.OnDone());
    return answer;
  }

  test::StepwiseCall Open() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + seconds(60));
    return {channel, kCalls, std::move(context)};
  }

  test::MovedClock clock;
  std::mutex mutex;
  std::string allowed;              // a key; guarded by mutex
  std::vector<std::string> judged;  // methods; guarded by mutex
  std::unique_ptr<HeadFirstCalls> calls;
  std::unique_ptr<Service> service;
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<CallClient> client;
  std::uint64_t last = 0;  // call's number
};

TEST_F(CallStreamTest, AnswersEachCallForItselfInAnyOrder) {
  std::vector<Answer> kept;
  for (int i = 0; i < 50; ++i) {
    kept.push_back(Call("keep" + std::string(static_cast<std::size_t>(i), 'x')));
  }
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 50; }));
  Answer quick = Call("quick");
  EXPECT_TRUE(quick.status().ok());
  EXPECT_EQ(quick.response()->id(), 5U);
  EXPECT_FALSE(kept[0].come());
  service->Release();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_TRUE(kept[i].status().ok());
    EXPECT_EQ(kept[i].response()->id(), 4 + i);
  }
  EXPECT_EQ(streams(), 1U);
}

TEST_F(CallStreamTest, AnErrorIsThatOfACallOfItsOwn) {
  const Error error = Call("no").error();
  EXPECT_EQ(error.code, Code::kResourceExhausted);
  EXPECT_EQ(error.message, "not now");
  EXPECT_EQ(error.reason, "BUSY");
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds(300));
  ASSERT_EQ(error.violations.size(), 1U);
  EXPECT_EQ(error.violations[0].field, "title");
  EXPECT_TRUE(Call("yes").status().ok());
}

TEST_F(CallStreamTest, ACallOfNoMethodFailsAloneAndOneThatIsForbiddenToo) {
  Answer kept = Call("keep");
  const Error none = Call("T", seconds(60), "Nothing").error();
  EXPECT_EQ(none.code, Code::kUnimplemented);
  EXPECT_EQ(none.reason, "NO_SUCH_METHOD");
  const Error forbidden = Call("T", seconds(60), "NotifyBatch").error();
  EXPECT_EQ(forbidden.code, Code::kPermissionDenied);
  EXPECT_EQ(forbidden.reason, "ROLE_MAY_NOT");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  service->Release();
  EXPECT_TRUE(kept.status().ok());
  EXPECT_EQ(service->seen(), 1);
}

TEST_F(CallStreamTest, AStrangersStreamIsRefusedByItsHead) {
  {
    const std::lock_guard lock(mutex);
    allowed = "friend.1";
  }
  const Error error = Call("T").error();
  EXPECT_EQ(error.code, Code::kUnauthenticated);
  EXPECT_EQ(error.reason, "UNKNOWN_INTERNAL_KEY");
  EXPECT_EQ(service->seen(), 0);
}

// As docs/hardening.md has it: both keys are good for a while, and nothing fails.
TEST_F(CallStreamTest, ANewKeyIsShownFromTheNextCallOn) {
  const belfry::test::TempDir dir;
  const auto key = *CallerKey::Load(dir.Write("key", "friend.1"));
  Connect(key);
  std::vector<Answer> kept;
  kept.push_back(Call("keep 1"));
  const std::uint64_t first = last;
  kept.push_back(Call("keep 2"));
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 2; }));
  dir.Write("key", "friend.2");
  ASSERT_TRUE(key->Reload().ok());
  EXPECT_TRUE(Call("T").status().ok());
  EXPECT_EQ(streams(), 2U);
  {
    const std::lock_guard lock(mutex);
    allowed = "friend.2";
  }
  EXPECT_TRUE(Call("T").status().ok());
  // The old stream's calls end as they would have.
  client->Cancel(first + 1);
  EXPECT_EQ(kept[1].status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
  service->Release();
  EXPECT_TRUE(kept[0].status().ok());
}

// The server forgets the old key while the stream is open, as when keys are changed.
TEST_F(CallStreamTest, AKeyThatIsWithdrawnEndsItsStreamAndTheNextShowsTheNewOne) {
  const belfry::test::TempDir dir;
  const auto key = *CallerKey::Load(dir.Write("key", "friend.1"));
  allowed = "friend.1";
  Connect(key);
  ASSERT_TRUE(Call("T").status().ok());
  {
    const std::lock_guard lock(mutex);
    allowed = "friend.2";
  }
  EXPECT_EQ(Call("T").error().code, Code::kUnauthenticated);
  ASSERT_TRUE(WaitUntil([&] {
    EXPECT_EQ(Call("T").error().code, Code::kUnauthenticated);
    return streams() > 1;
  })) << "it ends the stream";
  dir.Write("key", "friend.2");
  ASSERT_TRUE(key->Reload().ok());
  EXPECT_TRUE(Call("T").status().ok());
}

TEST_F(CallStreamTest, ALateCallFailsAlone) {
  Answer patient = Call("keep 1");
  // It may be late before the server has seen it.
  ASSERT_TRUE(WaitUntil([&] {
    Answer late = Call("keep 2", std::chrono::milliseconds(30));
    EXPECT_EQ(late.status().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    return service->cancelled() > 0;
  }));
  service->Release();
  EXPECT_TRUE(patient.status().ok());
  EXPECT_TRUE(Call("T").status().ok()) << "the late answer is passed over";
}

// A timeout that is shorter than those the timer waits for wakes it.
TEST_F(CallStreamTest, TimeoutsNeedNotComeInTheirOrder) {
  std::vector<Answer> answers;
  for (const int ms : {3'600'000, 120, 30, 90}) {
    answers.push_back(Call("keep", std::chrono::milliseconds(ms)));
  }
  for (std::size_t i = 1; i < answers.size(); ++i) {
    ASSERT_TRUE(WaitUntil([&] { return answers[i].come(); }));
    EXPECT_EQ(answers[i].status().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  EXPECT_FALSE(answers[0].come());
}

TEST_F(CallStreamTest, ACancelledCallFailsAloneAndTheServerLearnsOfIt) {
  Answer other = Call("keep 1");
  Answer cancelled = Call("keep 2");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 2; }));
  client->Cancel(last);
  client->Cancel(last);
  EXPECT_EQ(cancelled.status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
  client->Cancel(last);   // too late
  client->Cancel(12345);  // there is none
  service->Release();
  EXPECT_TRUE(other.status().ok());
}

TEST_F(CallStreamTest, ACallThatWasCancelledBeforeIsNotSent) {
  Answer answer(std::make_shared<std::promise<grpc::Status>>());
  client->StartCancelled(answer.OnDone());
  EXPECT_EQ(answer.status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Call("T").status().ok());
  EXPECT_EQ(service->seen(), 1);
}

TEST_F(CallStreamTest, TheEndOfTheStreamFailsItsCallsAndTheNextOpensAnother) {
  const std::uint16_t port = server->port();
  Answer kept = Call("keep");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  auto stop = std::async(std::launch::async, [&] { server.reset(); });
  EXPECT_EQ(kept.status().error_code(), grpc::StatusCode::UNAVAILABLE);
  ASSERT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
  service->Release();
  stop.get();
  EXPECT_EQ(Call("T").status().error_code(), grpc::StatusCode::UNAVAILABLE);
  Serve(true, port);
  EXPECT_TRUE(WaitUntil([&] { return Call("T").status().ok(); }));
}

TEST_F(CallStreamTest, AServerThatStopsAnswersWhatItHasRead) {
  Answer kept = Call("keep");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  auto stop = std::async(std::launch::async, [&] { server->Shutdown(seconds(60)); });
  Error refused;
  ASSERT_TRUE(WaitUntil([&] {
    const Answer late = Call("T");
    refused = late.status().ok() ? Error() : late.error();
    return !late.status().ok();
  }));
  EXPECT_EQ(refused.code, Code::kUnavailable);
  EXPECT_EQ(refused.message, "the server is stopping");
  EXPECT_FALSE(kept.come());
  service->Release();
  EXPECT_TRUE(kept.status().ok());
  EXPECT_EQ(kept.response()->id(), 4U);
  stop.get();
}

TEST_F(CallStreamTest, AServerWithoutStreamsGetsEachCallOnItsOwn) {
  Serve(false, 0);
  Connect();
  std::vector<Answer> answers;
  for (int i = 0; i < 10; ++i) {
    answers.push_back(Call("four"));
  }
  for (Answer& answer : answers) {
    ASSERT_TRUE(answer.status().ok()) << answer.status().error_message();
    EXPECT_EQ(answer.response()->id(), 4U);
  }
  EXPECT_EQ(Call("no").error().reason, "BUSY");
  ASSERT_TRUE(WaitUntil([&] {
    EXPECT_EQ(Call("keep", std::chrono::milliseconds(30)).status().error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    return service->cancelled() > 0;
  }));
  const std::size_t late = service->kept();
  Answer cancelled = Call("keep");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() > late; }));
  client->Cancel(last);
  EXPECT_EQ(cancelled.status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return service->cancelled() == service->kept(); }));
  // For a while, whatever the server has learned meanwhile.
  Serve(true, server->port());
  ASSERT_TRUE(WaitUntil([&] { return Call("four").status().ok(); }));
  EXPECT_EQ(streams(), 0U);
}

TEST_F(CallStreamTest, AServerThatHasLearnedStreamsGetsThemAfterAWhile) {
  Serve(false, 0);
  Connect(nullptr, std::chrono::milliseconds(1));
  EXPECT_TRUE(Call("T").status().ok());
  Serve(true, server->port());
  ASSERT_TRUE(WaitUntil([&] {
    (void)Call("T").status();
    return streams() > 0;
  }));
  EXPECT_TRUE(Call("T").status().ok());
}

TEST_F(CallStreamTest, ALargeRequestGoesAlone) {
  EXPECT_TRUE(Call("T").status().ok());
  EXPECT_TRUE(Call(std::string(3u << 20, 'x')).status().ok());
  const Error error = Call(std::string(9u << 20, 'x')).error();
  EXPECT_NE(error.message.find("message larger than max"), std::string::npos) << error.message;
  EXPECT_TRUE(Call("T").status().ok());
  EXPECT_EQ(streams(), 1U) << "it ended no stream";
}

TEST_F(CallStreamTest, StopFailsAllCallsThoseToComeToo) {
  Answer kept = Call("keep");
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  client->Stop();
  EXPECT_TRUE(kept.come());
  EXPECT_EQ(kept.status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Call("T").status().error_code(), grpc::StatusCode::CANCELLED);
  Answer before(std::make_shared<std::promise<grpc::Status>>());
  client->StartCancelled(before.OnDone());
  EXPECT_EQ(before.status().error_code(), grpc::StatusCode::CANCELLED);
  client->Stop();
}

TEST_F(CallStreamTest, StopEndsWhatWasCancelledBefore) {
  for (int i = 0; i < 200; ++i) {
    Connect();
    Answer answer(std::make_shared<std::promise<grpc::Status>>());
    client->StartCancelled(answer.OnDone());
    client->Stop();
    ASSERT_TRUE(answer.come());
    EXPECT_EQ(answer.status().error_code(), grpc::StatusCode::CANCELLED);
  }
}

// A late call's callback starts another one while the client stops.
TEST_F(CallStreamTest, StopWaitsForCallsThatCallbacksStart) {
  for (int i = 0; i < 100; ++i) {
    Connect();
    std::atomic<int> done = 0;
    v1::NotifyResponse first, second;
    client->Start("Notify", Titled("keep"), &first, std::chrono::milliseconds(1),
                  [&](const grpc::Status&) {
                    client->Start("Notify", Titled("keep"), &second, seconds(60),
                                  [&](const grpc::Status&) { ++done; });
                    ++done;
                  });
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + i * 5));
    client->Stop();
    ASSERT_EQ(done, 2);
  }
}

TEST_F(CallStreamTest, ManyThreadsMayCallCancelAndWait) {
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; ++i) {
        const bool cancel = (i + thread) % 7 == 0;
        auto response = std::make_shared<v1::NotifyResponse>();
        auto* const to_fill = response.get();
        const std::uint64_t number = client->Start(
            "Notify", Titled(std::string(static_cast<std::size_t>(i) % 40, 'x')), to_fill,
            seconds(60), [&done, cancel, i, response](const grpc::Status& status) {
              if (status.ok()) {
                EXPECT_EQ(response->id(), static_cast<std::uint64_t>(i) % 40);
              } else {
                EXPECT_TRUE(cancel) << status.error_message();
              }
              ++done;
            });
        if (cancel) {
          client->Cancel(number);
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(WaitUntil([&] { return done == 2000; }));
}

TEST_F(CallStreamTest, ARequestThatIsNoneFailsAlone) {
  auto stream = Open();
  ASSERT_TRUE(stream.Write(Message(7, "Notify", "\xFF\xFF\xFF")));
  v1::CallsResponse response;
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  EXPECT_EQ(response.number(), 7U);
  EXPECT_EQ(FromProto(response.error()).reason, "MALFORMED_MESSAGE");
  ASSERT_TRUE(stream.WriteLast(Message(7, "Notify", Titled("four").SerializeAsString())));
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  v1::NotifyResponse answer;
  ASSERT_TRUE(answer.ParseFromString(response.response()));
  EXPECT_EQ(answer.id(), 4U);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(CallStreamTest, AMessageThatIsNoneEndsTheStreamOnceAllIsAnswered) {
  auto stream = Open();
  ASSERT_TRUE(stream.Write(Message(7, "Notify", Titled("keep").SerializeAsString())));
  ASSERT_TRUE(stream.Write("\xFF\xFF\xFF"));
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  service->Release();
  v1::CallsResponse response;
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  EXPECT_EQ(response.number(), 7U);
  EXPECT_EQ(stream.ReadBytes(), "");
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FromGrpc(status).reason, "MALFORMED_MESSAGE");
}

TEST_F(CallStreamTest, ANumberMayNotBeUsedTwiceAtOnce) {
  auto stream = Open();
  const std::string message = Message(7, "Notify", Titled("keep").SerializeAsString());
  ASSERT_TRUE(stream.Write(message));
  ASSERT_TRUE(stream.Write(message));
  ASSERT_TRUE(stream.Write(Message(8, "Notify", Titled("T").SerializeAsString())));
  v1::CallsResponse response;
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  EXPECT_EQ(response.number(), 8U) << "what comes after it is refused";
  EXPECT_EQ(FromProto(response.error()).reason, "NUMBER_IN_USE");
  service->Release();
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  EXPECT_EQ(response.number(), 7U);
  EXPECT_FALSE(response.has_error());
  EXPECT_EQ(stream.ReadBytes(), "");
  EXPECT_EQ(FromGrpc(stream.Finish()).reason, "NUMBER_IN_USE");
  EXPECT_EQ(service->seen(), 1);
}

TEST_F(CallStreamTest, ACallWhoseTimeIsOverCountsAsCancelled) {
  auto stream = Open();
  v1::CallsRequest message;
  message.set_number(1);
  message.set_method("Notify");
  message.set_timeout_us(1);
  message.set_request(Titled("keep").SerializeAsString());
  ASSERT_TRUE(stream.Write(message.SerializeAsString()));
  EXPECT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
  service->Release();
  EXPECT_NE(stream.ReadBytes(), "");
}

TEST_F(CallStreamTest, ACallCanBeCancelledByAMessage) {
  auto stream = Open();
  ASSERT_TRUE(stream.Write(Message(1, "Notify", Titled("keep").SerializeAsString())));
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
  EXPECT_EQ(service->cancelled(), 0U);
  v1::CallsRequest cancel;
  cancel.set_number(1);
  cancel.set_cancel(true);
  ASSERT_TRUE(stream.Write(cancel.SerializeAsString()));
  ASSERT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
  service->Release();
  v1::CallsResponse response;
  ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
  EXPECT_EQ(FromProto(response.error()).code, Code::kCancelled) << "nobody wants the answer";
}

// As calls of their own do (HeadFirstTest).
TEST_F(CallStreamTest, AConnectionWhoseCallsComeToNothingEnds) {
  const std::int64_t few = 50;
  Serve(true, 0, {.fruitless_max = few});
  const auto ends = [&](const std::function<bool()>& fails) {
    std::int64_t times = 0;
    while (times < 10 * few && fails()) {
      ++times;
    }
    EXPECT_GE(times, few - 1);
    EXPECT_LT(times, 2 * few);
  };
  Connect();
  ends([&] { return Call("T", seconds(60), "NotifyBatch").error().reason == "ROLE_MAY_NOT"; });
  Connect();
  ends([&] { return Call("T", seconds(60), "Nothing").error().reason == "NO_SUCH_METHOD"; });
  Connect();
  ends([&] { return Open().WriteNothing().ok(); });
}

TEST_F(CallStreamTest, ACallerWhoGoesIsSeenToHaveGone) {
  {
    auto stream = Open();
    ASSERT_TRUE(stream.Write(Message(1, "Notify", Titled("keep").SerializeAsString())));
    ASSERT_TRUE(WaitUntil([&] { return service->kept() == 1; }));
    EXPECT_EQ(service->cancelled(), 0U);
  }
  EXPECT_TRUE(WaitUntil([&] { return service->cancelled() == 1; }));
}

TEST_F(CallStreamTest, NoMoreIsReadThanMayBeUnanswered) {
  auto stream = Open();
  const std::string request = Titled("keep").SerializeAsString();
  const std::size_t more = 5;
  for (std::size_t i = 0; i < CallStream::kCallsMax + more; ++i) {
    ASSERT_TRUE(stream.Write(Message(i + 1, "Notify", request)));
  }
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == CallStream::kCallsMax; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(service->kept(), CallStream::kCallsMax);
  service->Release();
  ASSERT_TRUE(WaitUntil([&] { return service->kept() == more; }));
  service->Release();
  std::set<std::uint64_t> numbers;
  for (std::size_t i = 0; i < CallStream::kCallsMax + more; ++i) {
    v1::CallsResponse response;
    ASSERT_TRUE(response.ParseFromString(stream.ReadBytes()));
    numbers.insert(response.number());
  }
  EXPECT_EQ(numbers.size(), CallStream::kCallsMax + more);
}

TEST_F(CallStreamTest, AStreamWhoseAnswersAreNotTakenEnds) {
  grpc::ChannelArguments arguments;  // 64 KiB at most before they are read
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  channel = grpc::CreateCustomChannel(test::AddressOf(*server), grpc::InsecureChannelCredentials(),
                                      arguments);
  auto stream = Open();
  ASSERT_TRUE(stream.Write(Message(9999, "Notify", Titled("keep").SerializeAsString())));
  const std::string refused = Titled("no").SerializeAsString();
  for (std::uint64_t i = 1; i < CallStream::kCallsMax; ++i) {
    ASSERT_TRUE(stream.Write(Message(i, "Notify", refused)));
  }
  ASSERT_TRUE(WaitUntil([&] {
    clock.Advance(seconds(31));
    calls->EndStalled();
    return service->cancelled() == 1;
  }));
  service->Release();
  std::size_t read = 0;
  while (!stream.ReadBytes().empty()) {
    ++read;
  }
  EXPECT_LT(read, CallStream::kCallsMax - 1);
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace belfry::wire
