// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/unary_call.h"

#include "libs/wire/rpc/status.h"
#include "services/ingest/grpc/calls.h"

namespace belfry::ingest {

void UnaryCall::Run(const grpc::CallbackServerContext& context) {
  context_ = &context;
  if (calls_.draining()) {
    return Refuse(Draining());
  }
  auto caller = publisher_.Authenticate(
      Authorization(context), publisher_.Trail("grpc", std::string(work_->name()), context.peer()));
  if (!caller.ok()) {
    return Refuse(caller.error());
  }
  if (const Status allowed = work_->Authorize(*caller); !allowed.ok()) {
    return Refuse(allowed.error());
  }
  caller_ = std::move(*caller);
  deadline_ = publisher_.Deadline(TimeLeft(context));
  calls_.Wait(this, publisher_.Now());
  StartRead(&read_);
}

void UnaryCall::OnReadDone(bool ok) {
  if (!calls_.StopWaiting(this)) {
    return;  // its time ran out, and it has been answered
  }
  if (!ok) {
    return Refuse(
        {Code::kInvalidArgument, "read the request: the call has no message", "MALFORMED_MESSAGE"});
  }
  if (read_.Length() > calls_.limits().bytes_max) {
    publisher_.ChargeRefusedBatch(caller_, read_.Length());
    return Refuse(MessageTooLarge(read_.Length(), calls_.limits().bytes_max));
  }
  Stage stage = Stage::kReading;
  if (!stage_.compare_exchange_strong(stage, Stage::kStarting)) {
    return Refuse({Code::kCancelled, "the caller went away"});
  }
  {
    const MessageBytes message(read_);
    work_->Start(*this, caller_, message.view(), deadline_);
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

void UnaryCall::EndStalled() {
  if (answering_.load()) {
    context_->TryCancel();
    return;
  }
  const Error why{Code::kDeadlineExceeded, "read the request: its message did not come in time",
                  "MESSAGE_TIMEOUT"};
  Count(why.code);
  Finish(wire::ToGrpc(why));
}

void UnaryCall::Answer(const google::protobuf::MessageLite& response) {
  Encode(response, &answer_);
  Count(Code::kOk);
  answering_.store(true);
  calls_.Wait(this, publisher_.Now());
  StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
}

void UnaryCall::Refuse(const Error& why) {
  Count(why.code);
  Finish(wire::ToGrpc(why));
}

void UnaryCall::Count(Code code) {
  publisher_.metrics().CountCall(Transport::kGrpc, work_->name(), code);
}

void UnaryCall::OnDone() {
  calls_.StopWaiting(this);
  calls_.active_.fetch_sub(1);
  delete this;
}

void AddUnary(wire::HeadFirstService* service, std::string_view method, Publisher& publisher,
              UnaryCalls& calls, std::function<std::unique_ptr<UnaryWork>()> make) {
  service->Add(method,
               [&publisher, &calls, make = std::move(make)](grpc::CallbackServerContext* context) {
                 auto* const call = new UnaryCall(publisher, make(), calls);
                 call->Run(*context);
                 return call;
               });
}

}  // namespace belfry::ingest
