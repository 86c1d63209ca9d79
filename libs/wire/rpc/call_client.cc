// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/call_client.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "belfry/v1/calls.pb.h"
#include "libs/common/clock.h"
#include "libs/common/mutex.h"
#include "libs/wire/rpc/caller_key.h"
#include "libs/wire/rpc/client_calls.h"
#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

// A larger request would keep those behind it waiting, and one that is too large for the server
// would end the stream.
constexpr std::size_t kSharedBytesMax = 2u << 20;

grpc::Status Cancelled() { return {grpc::StatusCode::CANCELLED, "the call was cancelled"}; }

// What a stream's end means for each of its calls that has no answer: it may have been carried out,
// whatever the stream ended with, and another stream may do better. What is wrong with the
// credentials is the operator's to know.
grpc::Status OfStream(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAVAILABLE:
      return status;
    case grpc::StatusCode::OK:
      return {grpc::StatusCode::UNAVAILABLE, "the server has ended the stream of calls"};
    default:
      return {grpc::StatusCode::UNAVAILABLE, "the stream of calls: " + status.error_message()};
  }
}

std::int64_t MicrosUntil(SteadyTime deadline) {
  return std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::microseconds>(
                                       deadline - std::chrono::steady_clock::now())
                                       .count());
}

grpc::Status Late() { return {grpc::StatusCode::DEADLINE_EXCEEDED, "no answer came in time"}; }

}  // namespace

class CallClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const std::shared_ptr<grpc::Channel>& channel, const std::string& service,
       std::shared_ptr<const CallerKey> key, std::chrono::milliseconds alone_for)
      : prefix_("/" + service + "/"),
        alone_for_(alone_for),
        stub_(channel),
        streams_(channel),
        key_(std::move(key)),
        calls_(std::make_shared<ClientCalls>(key_)),
        timer_([this] { EndLate(); }) {}

  std::uint64_t Start(const std::string& method, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite* response, std::chrono::microseconds timeout,
                      OnDone done);
  void StartCancelled(OnDone done);
  void Cancel(std::uint64_t number);
  void Stop();

 private:
  class Stream;
  // Written under the mutex until it is sent.
  struct Message {
    v1::CallsRequest request;
    SteadyTime deadline{};  // of a call
    bool sent = false;
  };
  using Request = std::shared_ptr<Message>;

  struct Call {
    Request request = nullptr;
    google::protobuf::MessageLite* response = nullptr;
    OnDone done = nullptr;
    SteadyTime deadline{};
    Stream* stream = nullptr;                // null: on none, or on its own
    grpc::ClientContext* context = nullptr;  // on its own: lives until OnAlone has been called
    bool cancelled = false;
  };

  struct Unary {
    std::unique_ptr<grpc::ClientContext> context = std::make_unique<grpc::ClientContext>();
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
  };

  // The stream for the next call: the open one, if its key is still ours, or a new one.
  Stream* Current() BELFRY_REQUIRES(mutex_);
  // As a call of its own, unless it has ended.
  void SendAlone(std::uint64_t number, const Request& request, std::chrono::microseconds timeout);
  // Takes the call out, if it has not ended yet.
  std::optional<Call> Take(std::uint64_t number) BELFRY_REQUIRES(mutex_);
  // Tells the server that nobody waits for the call, which is still among those unanswered.
  void Abandon(std::uint64_t number, const Call& call) BELFRY_REQUIRES(mutex_);
  void OnResponse(v1::CallsResponse& response);
  // `unknown`: the server knows no streams.
  void OnStreamDone(Stream* stream, const grpc::Status& status, bool unknown);
  void OnAlone(std::uint64_t number, const grpc::Status& status, const grpc::ByteBuffer& response);
  // Ends the calls whose time has come, on a thread of its own.
  void EndLate();

  const std::string prefix_;
  const std::chrono::milliseconds alone_for_;
  grpc::GenericStub stub_;
  grpc::TemplatedGenericStub<v1::CallsRequest, v1::CallsResponse> streams_;
  const std::shared_ptr<const CallerKey> key_;
  const std::shared_ptr<ClientCalls> calls_;
  Mutex stop_mutex_;

  Mutex mutex_;
  CondVar changed_;
  std::uint64_t next_ BELFRY_GUARDED_BY(mutex_) = 1;
  std::unordered_map<std::uint64_t, Call> unanswered_ BELFRY_GUARDED_BY(mutex_);
  std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_ BELFRY_GUARDED_BY(mutex_);
  SteadyTime wakes_ BELFRY_GUARDED_BY(mutex_) = SteadyTime::max();  // the timer
  Stream* stream_ BELFRY_GUARDED_BY(mutex_) = nullptr;              // that takes calls
  SteadyTime alone_until_ BELFRY_GUARDED_BY(mutex_);
  bool stopped_ BELFRY_GUARDED_BY(mutex_) = false;
  std::thread timer_;
};

// Deletes itself in OnDone.
class CallClient::Impl::Stream final
    : public grpc::ClientBidiReactor<v1::CallsRequest, v1::CallsResponse> {
 public:
  Stream(std::shared_ptr<Impl> client, std::string authorization)
      : client_(std::move(client)), authorization_(std::move(authorization)) {}

  const std::string& authorization() const { return authorization_; }

  void Open() {
    client_->calls_->Begin(*context_);
    client_->streams_.PrepareBidiStreamingCall(context_.get(), client_->prefix_ + "Calls", {},
                                               this);
    AddHold();  // until no more is read: till then other threads write
    StartRead(&response_);
    StartCall();
  }

  // These with the client's mutex held.
  void Send(Request request) {
    to_send_.push_back(std::move(request));
    SendNext();
  }
  // One of the client's calls is on it, or has left.
  void Enter() { ++calls_; }
  void Leave() {
    --calls_;
    SendNext();
  }
  // Ends once its calls have.
  void Retire() {
    retired_ = true;
    SendNext();
  }

 private:
  void SendNext() {
    if (sending_ || closed_ || half_closed_) {
      return;
    }
    if (to_send_.empty()) {
      if (retired_ && calls_ == 0) {
        half_closed_ = true;
        StartWritesDone();
      }
      return;
    }
    sending_ = true;
    Message& next = *to_send_.front();
    next.sent = true;
    if (!next.request.cancel()) {
      next.request.set_timeout_us(MicrosUntil(next.deadline));
    }
    grpc::WriteOptions options;
    if (to_send_.size() > 1) {
      options.set_buffer_hint();
    }
    StartWrite(&next.request, options);
  }

  // It takes no more calls.
  void Close() BELFRY_REQUIRES(client_->mutex_) {
    closed_ = true;
    if (client_->stream_ == this) {
      client_->stream_ = nullptr;
    }
  }

  void OnWriteDone(bool ok) override {
    const MutexLock lock(client_->mutex_);
    sending_ = false;
    to_send_.pop_front();
    if (!ok) {
      Close();
    }
    SendNext();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      answered_ = true;
      client_->OnResponse(response_);
      response_.Clear();
      return StartRead(&response_);
    }
    {
      const MutexLock lock(client_->mutex_);
      Close();
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<ClientCalls> calls = client_->calls_;
    // Whoever has answered knows streams, whatever ended this one.
    const bool unknown = !answered_ && status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    client_->OnStreamDone(this, status, unknown);
    client_.reset();
    calls->End(context_);
    delete this;
  }

  std::shared_ptr<Impl> client_;
  const std::string authorization_;
  std::unique_ptr<grpc::ClientContext> context_ = std::make_unique<grpc::ClientContext>();
  v1::CallsResponse response_;
  bool answered_ = false;  // by reactions to reads, then by OnDone
  // Guarded by the client's mutex.
  std::deque<Request> to_send_;  // the first may be going out
  std::size_t calls_ = 0;        // not answered
  bool sending_ = false;
  bool retired_ = false;
  bool half_closed_ = false;
  bool closed_ = false;
};

std::uint64_t CallClient::Impl::Start(const std::string& method,
                                      const google::protobuf::MessageLite& request,
                                      google::protobuf::MessageLite* response,
                                      std::chrono::microseconds timeout, OnDone done) {
  auto message = std::make_shared<Message>();
  message->request.set_method(method);
  request.SerializeToString(message->request.mutable_request());
  const SteadyTime now = std::chrono::steady_clock::now();
  std::uint64_t number = 0;
  bool alone = false;
  {
    const MutexLock lock(mutex_);
    number = next_++;
    message->request.set_number(number);
    message->deadline = now + timeout;
    alone = now < alone_until_ || message->request.request().size() > kSharedBytesMax;
    Stream* const stream = alone ? nullptr : Current();
    Call call{message, response, std::move(done), now + timeout, stream};
    deadlines_.emplace(call.deadline, number);
    if (call.deadline < wakes_) {
      changed_.NotifyAll();
    }
    unanswered_.emplace(number, std::move(call));
    if (stream != nullptr) {
      stream->Enter();
      stream->Send(message);
    }
  }
  if (alone) {
    SendAlone(number, message, timeout);
  }
  return number;
}

CallClient::Impl::Stream* CallClient::Impl::Current() {
  std::string authorization = key_ ? key_->Authorization() : std::string();
  if (stream_ != nullptr && stream_->authorization() != authorization) {
    std::exchange(stream_, nullptr)->Retire();
  }
  if (stream_ == nullptr) {
    stream_ = new Stream(shared_from_this(), std::move(authorization));
    stream_->Open();
  }
  return stream_;
}

void CallClient::Impl::SendAlone(std::uint64_t number, const Request& request,
                                 std::chrono::microseconds timeout) {
  auto call = std::make_shared<Unary>();
  const grpc::Slice slice(request->request.request());
  call->request = grpc::ByteBuffer(&slice, 1);
  {
    const MutexLock lock(mutex_);
    const auto found = unanswered_.find(number);
    if (found == unanswered_.end()) {
      return;
    }
    found->second.context = call->context.get();
  }
  calls_->Begin(*call->context, timeout);
  auto on_done = [self = shared_from_this(), number, call](const grpc::Status& status) mutable {
    self->OnAlone(number, status, call->response);
    const auto calls = self->calls_;
    self.reset();
    calls->End(call->context);
  };
  stub_.UnaryCall(call->context.get(), prefix_ + request->request.method(), {}, &call->request,
                  &call->response, std::move(on_done));
}

std::optional<CallClient::Impl::Call> CallClient::Impl::Take(std::uint64_t number) {
  const auto found = unanswered_.find(number);
  if (found == unanswered_.end()) {
    return std::nullopt;
  }
  Call call = std::move(found->second);
  deadlines_.erase({call.deadline, number});
  unanswered_.erase(found);
  if (call.stream != nullptr) {
    call.stream->Leave();
  }
  return call;
}

void CallClient::Impl::OnResponse(v1::CallsResponse& response) {
  std::optional<Call> call;
  {
    const MutexLock lock(mutex_);
    call = Take(response.number());
  }
  if (!call) {
    return;  // it has been cancelled, or its time is over
  }
  if (response.has_error()) {
    return call->done(ToGrpc(response.error()));
  }
  if (!call->response->ParseFromString(response.response())) {
    return call->done({grpc::StatusCode::INTERNAL, "the answer is not a valid message"});
  }
  call->done(grpc::Status::OK);
}

void CallClient::Impl::OnStreamDone(Stream* stream, const grpc::Status& status, bool unknown) {
  std::vector<Call> failed;
  struct Alone {
    std::uint64_t number;
    Request request;
    std::chrono::microseconds timeout;
  };
  std::vector<Alone> alone;
  bool stopped = false;
  {
    const MutexLock lock(mutex_);
    stopped = stopped_;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (stream_ == stream) {
      stream_ = nullptr;
    }
    if (unknown) {
      alone_until_ = now + alone_for_;
    }
    for (auto next = unanswered_.begin(); next != unanswered_.end();) {
      Call& call = next->second;
      if (call.stream != stream) {
        ++next;
      } else if (unknown && !call.cancelled && !stopped) {
        call.stream = nullptr;
        alone.push_back(
            {next->first, call.request, std::chrono::microseconds(MicrosUntil(call.deadline))});
        ++next;
      } else {
        deadlines_.erase({call.deadline, next->first});
        failed.push_back(std::move(call));
        next = unanswered_.erase(next);
      }
    }
  }
  for (const Alone& call : alone) {
    SendAlone(call.number, call.request, call.timeout);
  }
  for (const Call& call : failed) {
    call.done(call.cancelled || stopped ? Cancelled() : OfStream(status));
  }
}

void CallClient::Impl::OnAlone(std::uint64_t number, const grpc::Status& status,
                               const grpc::ByteBuffer& response) {
  std::optional<Call> call;
  {
    const MutexLock lock(mutex_);
    call = Take(number);
  }
  if (!call) {
    return;
  }
  if (status.ok() && !Decode(response, call->response)) {
    return call->done({grpc::StatusCode::INTERNAL, "the answer is not a valid message"});
  }
  call->done(status);
}

void CallClient::Impl::Cancel(std::uint64_t number) {
  const MutexLock lock(mutex_);
  const auto found = unanswered_.find(number);
  if (found == unanswered_.end() || found->second.cancelled) {
    return;
  }
  Call& call = found->second;
  call.cancelled = true;
  deadlines_.erase({call.deadline, number});
  call.deadline = SteadyTime::min();  // the timer ends it, since this must not
  deadlines_.emplace(call.deadline, number);
  changed_.NotifyAll();
}

void CallClient::Impl::StartCancelled(OnDone done) {
  const MutexLock lock(mutex_);
  const std::uint64_t number = next_++;
  // The timer ends it, since this must not. After Stop there is none, but a stream that is
  // cancelled at once.
  Call call{.done = std::move(done), .deadline = SteadyTime::min(), .cancelled = true};
  if (stopped_) {
    call.stream = Current();
    call.stream->Enter();
  }
  deadlines_.emplace(call.deadline, number);
  unanswered_.emplace(number, std::move(call));
  changed_.NotifyAll();
}

void CallClient::Impl::EndLate() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (deadlines_.empty() || deadlines_.begin()->first > now) {
      wakes_ = deadlines_.empty() ? SteadyTime::max() : deadlines_.begin()->first;
      if (deadlines_.empty()) {
        changed_.Wait(mutex_);
      } else {
        changed_.WaitFor(mutex_, wakes_ - now);
      }
      continue;
    }
    const std::uint64_t number = deadlines_.begin()->second;
    Abandon(number, unanswered_.at(number));
    std::optional<Call> call = Take(number);
    lock.Unlock();
    call->done(call->cancelled ? Cancelled() : Late());
    call.reset();
    lock.Lock();
  }
}

void CallClient::Impl::Abandon(std::uint64_t number, const Call& call) {
  if (call.context != nullptr) {
    call.context->TryCancel();
  }
  if (call.stream == nullptr || call.request == nullptr) {
    return;
  }
  v1::CallsRequest cancel;
  cancel.set_number(number);
  cancel.set_cancel(true);
  if (!call.request->sent) {
    call.request->request = std::move(cancel);  // in its place
    return;
  }
  auto message = std::make_shared<Message>();
  message->request = std::move(cancel);
  call.stream->Send(std::move(message));
}

void CallClient::Impl::Stop() {
  const MutexLock stopping(stop_mutex_);
  // The timer goes first: what it calls may start calls, which CancelAll then ends.
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  if (timer_.joinable()) {
    timer_.join();
  }
  // What is on no stream nor on its own is left by that. A callback may start another call.
  std::vector<Call> left;
  do {
    for (const Call& call : left) {
      call.done(Cancelled());
    }
    left.clear();
    calls_->CancelAll();
    const MutexLock lock(mutex_);
    for (auto& [number, call] : std::exchange(unanswered_, {})) {
      left.push_back(std::move(call));
    }
    deadlines_.clear();
  } while (!left.empty());
}

CallClient::CallClient(const std::shared_ptr<grpc::Channel>& channel, const std::string& service,
                       std::shared_ptr<const CallerKey> key, std::chrono::milliseconds alone_for)
    : impl_(std::make_shared<Impl>(channel, service, std::move(key), alone_for)) {}

CallClient::~CallClient() { Stop(); }

std::uint64_t CallClient::Start(const std::string& method,
                                const google::protobuf::MessageLite& request,
                                google::protobuf::MessageLite* response,
                                std::chrono::microseconds timeout, OnDone done) {
  return impl_->Start(method, request, response, timeout, std::move(done));
}

void CallClient::StartCancelled(OnDone done) { impl_->StartCancelled(std::move(done)); }

void CallClient::Cancel(std::uint64_t number) { impl_->Cancel(number); }

void CallClient::Stop() { impl_->Stop(); }

}  // namespace belfry::wire
