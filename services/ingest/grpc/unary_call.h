// SPDX-License-Identifier: Apache-2.0
// One request, one answer, whichever the method. Private to this room.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "libs/wire/rpc/head_first_call.h"
#include "services/ingest/grpc/unary_calls.h"
#include "services/ingest/publish/publisher.h"

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
  // Charges the caller before it parses `message`, which lives until Start returns, and does what
  // it asks for. Answers `call` once, now or later, on any thread; the work may be gone afterwards.
  virtual void Start(UnaryCall& call, const Caller& caller, std::string_view message,
                     SteadyTime deadline) = 0;
  // The client has gone: the work may end early, but still answers. Never while Start runs or
  // together with another Cancel.
  virtual void Cancel() = 0;
};

// Authenticates the caller by the call's head, has the work done, answers. Deletes itself in the
// end, and the work.
class UnaryCall final : public wire::HeadFirstCall {
 public:
  UnaryCall(const wire::CallHead& head, Publisher& publisher, std::unique_ptr<UnaryWork> work,
            UnaryCalls& calls)
      : HeadFirstCall(head, calls.calls()),
        publisher_(publisher),
        work_(std::move(work)),
        calls_(calls) {}

 private:
  // What Cancel may come together with.
  enum class Stage { kReading, kStarting, kWorking, kCancelled };

  Status Admit(const wire::CallHead& head) override;
  void OnMessage(const grpc::ByteBuffer& message) override;
  void OnEnd(Code code) override;
  void OnCancel() override;

  Publisher& publisher_;
  const std::unique_ptr<UnaryWork> work_;
  const UnaryCalls& calls_;
  // Set by Admit.
  Caller caller_;
  SteadyTime deadline_;
  std::atomic<Stage> stage_{Stage::kReading};
};

// Serves `method` with a new work of `make` for each call. All must outlive the service.
void AddUnary(wire::HeadFirstService* service, std::string_view method, Publisher& publisher,
              UnaryCalls& calls, std::function<std::unique_ptr<UnaryWork>()> make);

}  // namespace belfry::ingest
