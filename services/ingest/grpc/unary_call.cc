// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/unary_call.h"

#include <string>

#include "libs/wire/rpc/message_bytes.h"
#include "services/ingest/grpc/calls.h"

namespace belfry::ingest {

Status UnaryCall::Admit(const wire::CallHead& head) {
  if (calls_.draining()) {
    return Fail(Draining());
  }
  auto caller = publisher_.Authenticate(
      head.Authorization(), publisher_.Trail("grpc", std::string(work_->name()), head.Peer()));
  if (!caller.ok()) {
    return Fail(std::move(caller.error()));
  }
  if (Status allowed = work_->Authorize(*caller); !allowed.ok()) {
    return allowed;
  }
  NoteKnown();
  caller_ = std::move(*caller);
  deadline_ = publisher_.Deadline(TimeLeft(context()));
  return {};
}

void UnaryCall::OnMessage(const grpc::ByteBuffer& message) {
  if (message.Length() > calls_.limits().bytes_max) {
    publisher_.ChargeRefusedBatch(caller_, message.Length());
    return Refuse(MessageTooLarge(message.Length(), calls_.limits().bytes_max));
  }
  Stage stage = Stage::kReading;
  if (!stage_.compare_exchange_strong(stage, Stage::kStarting)) {
    return Refuse({Code::kCancelled, "the caller went away"});
  }
  {
    const wire::MessageBytes bytes(message);
    work_->Start(*this, caller_, bytes.view(), deadline_);
  }
  stage = Stage::kStarting;
  if (!stage_.compare_exchange_strong(stage, Stage::kWorking)) {
    work_->Cancel();
  }
}

void UnaryCall::OnCancel() {
  if (stage_.exchange(Stage::kCancelled) == Stage::kWorking) {
    work_->Cancel();
  }
}

void UnaryCall::OnEnd(Code code) {
  publisher_.metrics().CountCall(Transport::kGrpc, work_->name(), code);
}

void AddUnary(wire::HeadFirstService* service, std::string_view method, Publisher& publisher,
              UnaryCalls& calls, std::function<std::unique_ptr<UnaryWork>()> make) {
  service->Add(method, [&publisher, &calls, make = std::move(make)](const wire::CallHead& head) {
    auto* const call = new UnaryCall(head, publisher, make(), calls);
    call->Run();
    return call;
  });
}

}  // namespace belfry::ingest
