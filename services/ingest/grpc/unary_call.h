// SPDX-License-Identifier: Apache-2.0
// One request, one answer, whichever the method. Private to this room.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "services/ingest/publish/publisher.h"

namespace google::protobuf {
class MessageLite;
}

namespace belfry::ingest {

class UnaryCall;

// What one call of a method does between its admission and its answer.
class UnaryWork {
 public:
  virtual ~UnaryWork() = default;
  // The method as metrics have it: "Notify".
  virtual std::string_view name() const = 0;
  // kPermissionDenied: the caller's key must not do this.
  virtual Status Authorize(const Caller& caller) = 0;
  // Charges the caller before it reads `message`, which lives until Start returns, and does what it
  // asks for. Answers `call` once, now or later, on any thread; the work may be gone afterwards.
  virtual void Start(UnaryCall& call, const Caller& caller, std::string_view message,
                     SteadyTime deadline) = 0;
  // The client has gone: the work may end early, but still answers. Never while Start runs or
  // together with another Cancel; also if the caller was refused and Start never called.
  virtual void Cancel() = 0;
};

// Authenticates the caller, has the work done, answers. Deletes itself in the end, and the work.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  // `active` is one higher as long as it lives.
  UnaryCall(const Publisher& publisher, std::unique_ptr<UnaryWork> work, grpc::ByteBuffer* response,
            std::atomic<std::size_t>& active)
      : publisher_(publisher), work_(std::move(work)), response_(response), active_(active) {
    active_.fetch_add(1);
  }

  // Refuses the caller or starts the work.
  void Run(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request);
  // One of these two, once; the call may be gone afterwards.
  void Answer(const google::protobuf::MessageLite& response);
  void Refuse(const Error& why);

  void OnCancel() override { work_->Cancel(); }
  void OnDone() override {
    active_.fetch_sub(1);
    delete this;
  }

 private:
  void End(const Status& status);

  const Publisher& publisher_;
  const std::unique_ptr<UnaryWork> work_;
  grpc::ByteBuffer* const response_;
  std::atomic<std::size_t>& active_;
};

}  // namespace belfry::ingest
