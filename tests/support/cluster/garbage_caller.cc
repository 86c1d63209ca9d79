// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/garbage_caller.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>

#include "libs/common/result.h"

namespace belfry::test {
namespace {
constexpr std::chrono::seconds kCallTimeout{20};
}

struct GarbageCaller::Impl {
  std::shared_ptr<grpc::Channel> channel;
};

GarbageCaller::GarbageCaller(const Endpoint& server) : impl_(std::make_unique<Impl>()) {
  impl_->channel = grpc::CreateChannel(server.ToString(), grpc::InsecureChannelCredentials());
}
GarbageCaller::~GarbageCaller() = default;

std::string GarbageCaller::Call(const std::string& method, const std::string& authorization,
                                const std::string& bytes) const {
  grpc::GenericStub stub(impl_->channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  if (!authorization.empty()) {
    context.AddMetadata("authorization", authorization);
  }
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return std::string(CodeName(static_cast<Code>(status.error_code())));
}

}  // namespace belfry::test
