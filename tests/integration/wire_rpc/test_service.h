// SPDX-License-Identifier: Apache-2.0
// A service to serve, and calls to make, for tests of the gRPC room.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/common/clock.h"
#include "libs/wire/rpc/server.h"

namespace belfry::wire::test {

// As ManualClock, read by gRPC's threads too.
class MovedClock final : public Clock {
 public:
  std::int64_t UnixMicros() const override { return 0; }
  SteadyTime Now() const override { return SteadyTime(now_.load()); }
  void Advance(Duration by) { now_ = now_.load() + by; }

 private:
  std::atomic<Duration> now_{std::chrono::hours(1)};
};

// Answers Notify with `answer`'s status, or keeps the call until Release or its cancellation.
class TestService final : public v1::NotifyService::CallbackService {
 public:
  std::function<grpc::Status(const v1::NotifyRequest&)> answer;  // empty: keep the call

  grpc::ServerUnaryReactor* Notify(grpc::CallbackServerContext* context,
                                   const v1::NotifyRequest* request,
                                   v1::NotifyResponse* response) override;
  // Ends the kept calls with OK.
  void Release();
  std::size_t kept() const;
  std::size_t cancelled() const;

 private:
  class Kept;
  mutable std::mutex mutex_;
  std::vector<Kept*> kept_;    // guarded by mutex_
  std::size_t cancelled_ = 0;  // guarded by mutex_
};

inline std::string AddressOf(const RpcServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

// Starts a server of `services` on a free port; the test fails if it does not.
std::unique_ptr<RpcServer> StartServer(const std::vector<grpc::Service*>& services,
                                       RpcServerOptions options = {});

// One Notify over `channel`.
grpc::Status Notify(const std::shared_ptr<grpc::Channel>& channel, bool wait_for_ready = false,
                    std::string title = "T",
                    std::chrono::seconds timeout = std::chrono::seconds(60));

// One call of any method, with messages as bytes.
grpc::Status CallBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, std::string* response);

// A call whose client does one thing after the other.
class StepwiseCall {
 public:
  StepwiseCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
               std::unique_ptr<grpc::ClientContext> context)
      : stub_(channel),
        context_(std::move(context)),
        call_(stub_.PrepareCall(context_.get(), method, &queue_)) {
    call_->StartCall(nullptr);
    EXPECT_TRUE(Done());
  }
  bool Write(const std::string& message) {
    const grpc::Slice slice(message);
    call_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    return Done();
  }
  bool WriteLast(const std::string& message) {
    const grpc::Slice slice(message);
    call_->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    return Done();
  }
  // Ends the request before its first message.
  grpc::Status WriteNothing() {
    call_->WritesDone(nullptr);
    Done();
    return Finish();
  }
  bool Read(grpc::ByteBuffer* message) {
    call_->Read(message, nullptr);
    return Done();
  }
  // "": there was none.
  std::string ReadBytes();
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, nullptr);
    EXPECT_TRUE(Done());
    finished_ = true;
    return status;
  }

  // Cancelled, if it has not ended.
  ~StepwiseCall();
  StepwiseCall(const StepwiseCall&) = delete;
  StepwiseCall& operator=(const StepwiseCall&) = delete;

 private:
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  const std::unique_ptr<grpc::ClientContext> context_;
  grpc::CompletionQueue queue_;
  const std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

}  // namespace belfry::wire::test
