// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/call_stream.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "belfry/v1/calls.pb.h"
#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

constexpr std::chrono::microseconds kTimeoutMax = std::chrono::hours(24);

grpc::ByteBuffer Refusal(std::uint64_t number, const Error& why) {
  v1::CallsResponse response;
  response.set_number(number);
  ToProto(why, response.mutable_error());
  grpc::ByteBuffer bytes;
  Encode(response, &bytes);
  return bytes;
}

Error Stopping() { return {Code::kUnavailable, "the server is stopping"}; }

}  // namespace

void StreamedMethods::Add(std::string_view name, ServedMethod method) {
  methods_.emplace(std::string(name),
                   Method{"/" + service_ + "/" + std::string(name), std::move(method)});
}

const StreamedMethods::Method* StreamedMethods::Find(const std::string& name) const {
  const auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second;
}

// One call of a stream. It goes when it is answered.
class CallStream::Call final : public CallPort {
 public:
  Call(CallStream& stream, std::uint64_t number, std::chrono::microseconds timeout,
       const ServedMethod& method)
      : stream_(stream),
        number_(number),
        deadline_(std::chrono::system_clock::now() + timeout),
        call_(method(*this)) {}

  std::uint64_t number() const { return number_; }
  bool Decode(const std::string& request) {
    return call_->RequestToFill().ParseFromString(request);
  }
  void Run() { call_->Run(); }
  void Cancel() { cancelled_.store(true); }

  void Answer(const google::protobuf::MessageLite& response) override {
    if (IsCancelled()) {  // what may be large is not sent to nobody
      return Refuse({cancelled_.load() ? Code::kCancelled : Code::kDeadlineExceeded,
                     "nobody waits for the answer any more"});
    }
    v1::CallsResponse answer;
    answer.set_number(number_);
    response.SerializeToString(answer.mutable_response());
    grpc::ByteBuffer bytes;
    Encode(answer, &bytes);
    stream_.Answer(this, bytes);
  }
  void Refuse(const Error& why) override { stream_.Answer(this, Refusal(number_, why)); }
  bool IsCancelled() const override {
    return cancelled_.load() || std::chrono::system_clock::now() >= deadline_;
  }
  std::chrono::system_clock::time_point deadline() const override { return deadline_; }

 private:
  CallStream& stream_;
  const std::uint64_t number_;
  const std::chrono::system_clock::time_point deadline_;
  std::atomic<bool> cancelled_{false};
  const std::unique_ptr<ServedCall> call_;
};

CallStream::CallStream(const CallHead& head, HeadFirstCalls& calls, const StreamedMethods& methods)
    : head_(head), calls_(calls), methods_(methods) {}

CallStream::~CallStream() = default;

void CallStream::Run() {
  Status admitted = calls_.Admit(head_);
  if (!admitted.ok() && IsFruitless(admitted.error())) {
    calls_.connections_.CountFruitless(head_.Peer());
  }
  if (admitted.ok()) {
    added_ = calls_.AddStream(this);
  }
  {
    const MutexLock lock(mutex_);
    if (!admitted.ok()) {
      Stop(std::move(admitted.error()));
    } else if (!added_) {
      Stop(Stopping());
    }
  }
  PumpAndEnd();
}

void CallStream::Drain() {
  {
    const MutexLock lock(mutex_);
    Stop(Stopping());
  }
  PumpAndEnd();
}

void CallStream::OnReadDone(bool ok) {
  if (ok) {
    fruitful_ = true;
    Take(read_);
    read_.Clear();
  } else if (!fruitful_) {
    calls_.connections_.CountFruitless(head_.Peer());
  }
  {
    const MutexLock lock(mutex_);
    reading_ = false;
    read_all_ = read_all_ || !ok;
  }
  PumpAndEnd();
}

void CallStream::Take(const grpc::ByteBuffer& message) {
  v1::CallsRequest request;
  if (!Decode(message, &request)) {
    const MutexLock lock(mutex_);
    return Stop(MalformedRequest());
  }
  if (request.cancel()) {
    const MutexLock lock(mutex_);
    if (const auto found = unanswered_.find(request.number()); found != unanswered_.end()) {
      found->second->Cancel();
    }
    return;
  }
  Begin(request);
}

void CallStream::Begin(const v1::CallsRequest& request) {
  const StreamedMethods::Method* const method = methods_.Find(request.method());
  Status admitted = method != nullptr
                        ? calls_.Admit(CallHead(method->path, head_.context()))
                        : Status(Fail(Code::kUnimplemented, "no such method: " + request.method(),
                                      "NO_SUCH_METHOD"));
  if (!admitted.ok() && (method == nullptr || IsFruitless(admitted.error()))) {
    calls_.connections_.CountFruitless(head_.Peer());
  }
  Call* call = nullptr;
  {
    const MutexLock lock(mutex_);
    if (ended_ || cancelled_) {
      return;  // its caller takes it as failed with the stream
    }
    if (!admitted.ok() && admitted.error().code == Code::kUnauthenticated) {
      Stop(admitted.error());
    }
    if (stop_ || !admitted.ok()) {
      return Add(Refusal(request.number(), stop_ ? *stop_ : admitted.error()));
    }
    const std::chrono::microseconds timeout(
        std::clamp<std::int64_t>(request.timeout_us(), 1, kTimeoutMax.count()));
    auto [added, fresh] = unanswered_.emplace(
        request.number(), std::make_unique<Call>(*this, request.number(), timeout, method->serve));
    if (!fresh) {
      return Stop({Code::kInvalidArgument,
                   "number " + std::to_string(request.number()) + ": its call is not answered yet",
                   "NUMBER_IN_USE"});
    }
    call = added->second.get();
  }
  if (!call->Decode(request.request())) {
    return call->Refuse(MalformedRequest());
  }
  call->Run();
}

void CallStream::Answer(Call* call, const grpc::ByteBuffer& answer) {
  std::unique_ptr<Call> gone;
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    const auto found = unanswered_.find(call->number());
    gone = std::move(found->second);
    unanswered_.erase(found);
    Add(answer);
    // With the last answer another thread may end the stream as soon as the mutex is free.
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void CallStream::OnWriteDone(bool ok) {
  calls_.StopWaiting(this);
  {
    const MutexLock lock(mutex_);
    writing_ = false;
    answers_bytes_ -= answers_.front().Length();
    answers_.pop_front();
    if (!ok) {
      Leave();
    }
  }
  PumpAndEnd();
}

void CallStream::OnCancel() {
  {
    const MutexLock lock(mutex_);
    Leave();
  }
  PumpAndEnd();
}

void CallStream::Leave() {
  cancelled_ = true;
  for (const auto& [number, call] : unanswered_) {
    call->Cancel();
  }
}

void CallStream::EndStalled() { head_.context().TryCancel(); }

void CallStream::OnDone() {
  calls_.StopWaiting(this);
  if (added_) {
    calls_.RemoveStream(this);
  }
  delete this;
}

std::optional<Status> CallStream::Pump() {
  if (ended_) {
    return std::nullopt;
  }
  if (!writing_ && !cancelled_ && !answers_.empty()) {
    writing_ = true;
    calls_.Wait(this);
    grpc::WriteOptions options;
    if (answers_.size() > 1) {
      options.set_buffer_hint();
    }
    StartWrite(&answers_.front(), options);
  }
  // One that stops reads on as long as a call is under way: what comes is refused at once.
  const bool over = read_all_ || stop_ || cancelled_;
  const bool idle = !writing_ && unanswered_.empty() && (cancelled_ || answers_.empty());
  if (!read_all_ && !cancelled_ && !(stop_ && unanswered_.empty()) && !reading_ &&
      unanswered_.size() + answers_.size() < kCallsMax && answers_bytes_ < kAnswersBytesMax) {
    reading_ = true;
    StartRead(&read_);
  }
  if (!over || !idle) {
    return std::nullopt;
  }
  ended_ = true;
  if (cancelled_) {
    return Status(Fail(Code::kCancelled, "the caller went away"));
  }
  if (stop_ && !read_all_) {
    return Status(Fail(*stop_));
  }
  return Status();
}

void CallStream::PumpAndEnd() {
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void CallStream::End(const Status& end) {
  Finish(end.ok() ? grpc::Status::OK : ToGrpc(end.error()));
}

void CallStream::Add(const grpc::ByteBuffer& answer) {
  if (!cancelled_) {
    answers_bytes_ += answer.Length();
    answers_.push_back(answer);
  }
}

void CallStream::Stop(Error why) {
  if (!stop_) {
    stop_ = std::move(why);
  }
}

void AddServed(HeadFirstService* service, StreamedMethods* streamed, std::string_view name,
               HeadFirstCalls& calls, const ServedMethod& method) {
  AddServed(service, name, calls, method);
  streamed->Add(name, method);
}

void AddCallStreams(HeadFirstService* service, std::string_view name, HeadFirstCalls& calls,
                    const StreamedMethods& methods) {
  service->Add(name, [&calls, &methods](const CallHead& head) {
    auto* const stream = new CallStream(head, calls, methods);
    stream->Run();
    return stream;
  });
}

}  // namespace belfry::wire
