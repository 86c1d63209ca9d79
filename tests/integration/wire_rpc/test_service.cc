// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/wire_rpc/test_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <utility>

namespace belfry::wire::test {

class TestService::Kept final : public grpc::ServerUnaryReactor {
 public:
  explicit Kept(TestService* service) : service_(service) {}
  void OnCancel() override {
    const std::lock_guard lock(service_->mutex_);
    const auto self = std::find(service_->kept_.begin(), service_->kept_.end(), this);
    if (self != service_->kept_.end()) {
      service_->kept_.erase(self);
      ++service_->cancelled_;
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  TestService* const service_;
};

grpc::ServerUnaryReactor* TestService::Notify(grpc::CallbackServerContext* context,
                                              const v1::NotifyRequest* request,
                                              v1::NotifyResponse* response) {
  if (answer) {
    response->set_id(7);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(answer(*request));
    return reactor;
  }
  const std::lock_guard lock(mutex_);
  kept_.push_back(new Kept(this));
  return kept_.back();
}

void TestService::Release() {
  const std::lock_guard lock(mutex_);
  for (Kept* const call : kept_) {
    call->Finish(grpc::Status::OK);
  }
  kept_.clear();
}

std::size_t TestService::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

std::size_t TestService::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

std::unique_ptr<RpcServer> StartServer(const std::vector<grpc::Service*>& services,
                                       RpcServerOptions options) {
  if (options.address.empty()) {
    options.address = "127.0.0.1:0";
  }
  auto server = RpcServer::Start(options, services, Log());
  EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().ToString());
  return *std::move(server);
}

grpc::Status Notify(const std::shared_ptr<grpc::Channel>& channel, bool wait_for_ready,
                    std::string title, std::chrono::seconds timeout) {
  grpc::ClientContext context;
  context.set_wait_for_ready(wait_for_ready);
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  v1::NotifyRequest request;
  request.mutable_notification()->set_title(std::move(title));
  v1::NotifyResponse response;
  return v1::NotifyService::NewStub(channel)->Notify(&context, request, &response);
}

grpc::Status CallBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, std::string* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  grpc::GenericStub stub(channel);
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &sent, &received,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  const grpc::Status status = done.get_future().get();
  std::vector<grpc::Slice> slices;
  if (status.ok() && received.Dump(&slices).ok()) {
    response->clear();
    for (const grpc::Slice& part : slices) {
      response->append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return status;
}

std::string StepwiseCall::ReadBytes() {
  grpc::ByteBuffer message;
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (Read(&message) && message.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return bytes;
}

StepwiseCall::~StepwiseCall() {
  if (!finished_) {
    context_->TryCancel();
    Finish();
  }
}

}  // namespace belfry::wire::test
