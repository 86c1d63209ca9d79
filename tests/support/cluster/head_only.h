// SPDX-License-Identifier: Apache-2.0
// A call over gRPC of which only the head is sent.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace belfry::test {

class HeadOnly final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  HeadOnly(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
           std::unique_ptr<grpc::ClientContext> context)
      : stub_(channel), context_(std::move(context)), answered_(status_.get_future()) {
    stub_.PrepareBidiStreamingCall(context_.get(), method, grpc::StubOptions(), this);
    StartCall();
  }
  ~HeadOnly() override {
    if (answered_.valid()) {
      context_->TryCancel();
      answered_.wait();
    }
  }

  void Cancel() { context_->TryCancel(); }
  // No message will come, not even an empty one.
  void EndRequest() { StartWritesDone(); }
  bool answered() const {
    return answered_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Its status, once it has come.
  grpc::Status status() { return answered_.get(); }

 private:
  void OnDone(const grpc::Status& status) override { status_.set_value(status); }

  grpc::GenericStub stub_;
  const std::unique_ptr<grpc::ClientContext> context_;
  std::promise<grpc::Status> status_;
  std::future<grpc::Status> answered_;
};

}  // namespace belfry::test
