// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/head_first_call.h"

#include "libs/common/check.h"
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
    HeadFirstCall* const call = next->first;
    next = waiting_.erase(next);
    call->EndStalled();
  }
}

void HeadFirstCalls::Wait(HeadFirstCall* call) {
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  waiting_.emplace(call, now);
}

bool HeadFirstCalls::StopWaiting(HeadFirstCall* call) {
  const MutexLock lock(mutex_);
  return waiting_.erase(call) > 0;
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

Status HeadFirstCall::Admit(const CallHead& head) {
  BELFRY_CHECK(calls_.gate_ != nullptr);
  Status admitted = calls_.gate_(head);
  if (admitted.ok()) {
    NoteKnown();
  }
  return admitted;
}

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

}  // namespace belfry::wire
