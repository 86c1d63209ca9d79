// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/head_first_call.h"

#include <google/protobuf/message_lite.h>

#include <utility>

#include "libs/common/check.h"
#include "libs/wire/rpc/call_stream.h"
#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {

void HeadFirstCalls::EndStalled() {
  const SteadyTime begin = clock_.Now() - limits_.patience;
  // A call that goes takes itself out first and waits for mutex_, so that none can go while it is
  // being ended.
  const MutexLock lock(mutex_);
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (next->second > begin) {
      ++next;
      continue;
    }
    WaitingCall* const call = next->first;
    next = waiting_.erase(next);
    call->EndStalled();
  }
}

void HeadFirstCalls::EndStreams() {
  // As above: a stream that goes takes itself out first.
  const MutexLock lock(streams_mutex_);
  stopping_ = true;
  for (CallStream* const stream : streams_) {
    stream->Drain();
  }
}

void HeadFirstCalls::Wait(WaitingCall* call) {
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  waiting_.emplace(call, now);
}

bool HeadFirstCalls::StopWaiting(WaitingCall* call) {
  const MutexLock lock(mutex_);
  return waiting_.erase(call) > 0;
}

Status HeadFirstCalls::Admit(const CallHead& head) {
  BELFRY_CHECK(gate_ != nullptr);
  Status admitted = gate_(head);
  if (admitted.ok()) {
    connections_.NoteKnown(head.Peer());
  }
  return admitted;
}

bool HeadFirstCalls::AddStream(CallStream* stream) {
  const MutexLock lock(streams_mutex_);
  if (!stopping_) {
    streams_.insert(stream);
  }
  return !stopping_;
}

void HeadFirstCalls::RemoveStream(CallStream* stream) {
  const MutexLock lock(streams_mutex_);
  streams_.erase(stream);
}

bool IsFruitless(const Error& refusal) {
  return refusal.code == Code::kUnauthenticated || refusal.code == Code::kPermissionDenied;
}

HeadFirstCall::HeadFirstCall(const CallHead& head, HeadFirstCalls& calls, Counts counts)
    : head_(head), calls_(calls), counted_(counts == Counts::kYes ? 1 : 0) {
  calls_.active_.fetch_add(counted_);
}

HeadFirstCall::~HeadFirstCall() { calls_.active_.fetch_sub(counted_); }

void HeadFirstCall::Run() {
  if (const Status admitted = Admit(head_); !admitted.ok()) {
    if (IsFruitless(admitted.error())) {
      CountFruitless();
    }
    return Refuse(admitted.error());
  }
  calls_.Wait(this);
  StartRead(&message_);
}

Status HeadFirstCall::Admit(const CallHead& head) { return calls_.Admit(head); }

void HeadFirstCall::OnReadDone(bool ok) {
  if (!calls_.StopWaiting(this)) {
    return;  // its time ran out, and it has been answered
  }
  if (!ok) {
    CountFruitless();
    return Refuse(
        {Code::kInvalidArgument, "read the request: the call has no message", "MALFORMED_MESSAGE"});
  }
  OnMessage(message_);
}

void HeadFirstCall::EndStalled() {
  if (answering_.load()) {
    context().TryCancel();
    return;
  }
  CountFruitless();
  Refuse({Code::kDeadlineExceeded, "read the request: its message did not come in time",
          "MESSAGE_TIMEOUT"});
}

void HeadFirstCall::CountFruitless() { calls_.connections_.CountFruitless(head_.Peer()); }

void HeadFirstCall::Answer(const google::protobuf::MessageLite& response) {
  Encode(response, &answer_);
  OnEnd(Code::kOk);
  answering_.store(true);
  calls_.Wait(this);
  StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
}

void HeadFirstCall::Refuse(const Error& why) {
  OnEnd(why.code);
  Finish(ToGrpc(why));
}

void HeadFirstCall::OnDone() {
  calls_.StopWaiting(this);
  delete this;
}

namespace {

// A call of a method on its own.
class MethodCall final : public HeadFirstCall {
 public:
  MethodCall(const CallHead& head, HeadFirstCalls& calls, const ServedMethod& method)
      : HeadFirstCall(head, calls), call_(method(*this)) {}

 private:
  void OnMessage(const grpc::ByteBuffer& message) override {
    if (!Decode(message, &call_->RequestToFill())) {
      return Refuse(MalformedRequest());
    }
    call_->Run();
  }

  const std::unique_ptr<ServedCall> call_;
};

}  // namespace

Error MalformedRequest() {
  return {Code::kInvalidArgument,
          "parse the request: not a valid protobuf message, or text that is not UTF-8",
          "MALFORMED_MESSAGE"};
}

void AddServed(HeadFirstService* service, std::string_view name, HeadFirstCalls& calls,
               ServedMethod method) {
  service->Add(name, [&calls, method = std::move(method)](const CallHead& head) {
    auto* const call = new MethodCall(head, calls, method);
    call->Run();
    return call;
  });
}

}  // namespace belfry::wire
