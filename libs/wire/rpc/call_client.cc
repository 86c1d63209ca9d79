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
#include "libs/common/mutex.h"
#include "libs/wire/rpc/caller_key.h"
#include "libs/wire/rpc/client_calls.h"
#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// For how long a server that knew no streams is asked in calls of their own.
constexpr std::chrono::seconds kUnaryFor{60};

grpc::Status Cancelled() { return {grpc::StatusCode::CANCELLED, "the call was cancelled"}; }
grpc::Status Late() { return {grpc::StatusCode::DEADLINE_EXCEEDED, "no answer came in time"}; }

}  // namespace

class CallClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const std::shared_ptr<grpc::Channel>& channel, const std::string& service,
       std::shared_ptr<const CallerKey> key)
      : prefix_("/" + service + "/"),
        stub_(channel),
        streams_(channel),
        calls_(std::make_shared<ClientCalls>(std::move(key))),
        timer_([this] { EndLate(); }) {}

  std::uint64_t Start(const std::string& method, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite* response, std::chrono::microseconds timeout,
                      OnDone done);
  void StartCancelled(OnDone done);
  void Cancel(std::uint64_t number);
  void Stop();

 private:
  class Stream;
  using Request = std::shared_ptr<const v1::CallsRequest>;

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

  void Open() BELFRY_REQUIRES(mutex_);
  // As a call of its own, unless it has ended.
  void SendAlone(std::uint64_t number, const Request& request, std::chrono::microseconds timeout);
  // Takes the call out, if it has not ended yet.
  std::optional<Call> Take(std::uint64_t number) BELFRY_REQUIRES(mutex_);
  void OnResponse(v1::CallsResponse& response);
  void OnStreamDone(Stream* stream, const grpc::Status& status);
  void OnAlone(std::uint64_t number, const grpc::Status& status, const grpc::ByteBuffer& response);
  // Ends the calls whose time has come, on a thread of its own.
  void EndLate();

  const std::string prefix_;
  grpc::GenericStub stub_;
  grpc::TemplatedGenericStub<v1::CallsRequest, v1::CallsResponse> streams_;
  const std::shared_ptr<ClientCalls> calls_;

  Mutex mutex_;
  CondVar changed_;
  std::uint64_t next_ BELFRY_GUARDED_BY(mutex_) = 1;
  std::unordered_map<std::uint64_t, Call> unanswered_ BELFRY_GUARDED_BY(mutex_);
  std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_ BELFRY_GUARDED_BY(mutex_);
  SteadyTime wakes_ BELFRY_GUARDED_BY(mutex_) = SteadyTime::max();  // the timer
  Stream* stream_ BELFRY_GUARDED_BY(mutex_) = nullptr;              // that takes calls
  SteadyTime unary_until_ BELFRY_GUARDED_BY(mutex_);
  bool stopped_ BELFRY_GUARDED_BY(mutex_) = false;
  std::thread timer_;
};

// Deletes itself in OnDone.
class CallClient::Impl::Stream final
    : public grpc::ClientBidiReactor<v1::CallsRequest, v1::CallsResponse> {
 public:
  explicit Stream(std::shared_ptr<Impl> client) : client_(std::move(client)) {}

  void Open() {
    client_->calls_->Begin(*context_);
    client_->streams_.PrepareBidiStreamingCall(context_.get(), client_->prefix_ + "Calls", {},
                                               this);
    AddHold();  // until no more is read: till then other threads write
    StartRead(&response_);
    StartCall();
  }

  // These with the client's mutex held, as long as it takes calls.
  void Send(Request request) {
    to_send_.push_back(std::move(request));
    SendNext();
  }
  // Nobody waits for the call any more.
  void Abandon(std::uint64_t number) {
    const auto first = to_send_.begin() + (sending_ ? 1 : 0);
    const auto waiting = std::find_if(first, to_send_.end(), [number](const Request& request) {
      return request->number() == number;
    });
    if (waiting != to_send_.end()) {
      to_send_.erase(waiting);
      return;
    }
    auto cancel = std::make_shared<v1::CallsRequest>();
    cancel->set_number(number);
    cancel->set_cancel(true);
    Send(std::move(cancel));
  }

 private:
  void SendNext() {
    if (sending_ || closed_ || to_send_.empty()) {
      return;
    }
    sending_ = true;
    grpc::WriteOptions options;
    if (to_send_.size() > 1) {
      options.set_buffer_hint();
    }
    StartWrite(to_send_.front().get(), options);
  }

  void OnWriteDone(bool ok) override {
    const MutexLock lock(client_->mutex_);
    sending_ = false;
    to_send_.pop_front();
    if (ok) {
      SendNext();
    }
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      client_->OnResponse(response_);
      response_.Clear();
      return StartRead(&response_);
    }
    {
      const MutexLock lock(client_->mutex_);
      closed_ = true;
      if (client_->stream_ == this) {
        client_->stream_ = nullptr;
      }
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<ClientCalls> calls = client_->calls_;
    client_->OnStreamDone(this, status);
    client_.reset();
    calls->End(context_);
    delete this;
  }

  std::shared_ptr<Impl> client_;
  std::unique_ptr<grpc::ClientContext> context_ = std::make_unique<grpc::ClientContext>();
  v1::CallsResponse response_;
  // Guarded by the client's mutex.
  std::deque<Request> to_send_;  // the first may be going out
  bool sending_ = false;
  bool closed_ = false;
};

std::uint64_t CallClient::Impl::Start(const std::string& method,
                                      const google::protobuf::MessageLite& request,
                                      google::protobuf::MessageLite* response,
                                      std::chrono::microseconds timeout, OnDone done) {
  auto message = std::make_shared<v1::CallsRequest>();
  message->set_method(method);
  message->set_timeout_us(std::max<std::int64_t>(1, timeout.count()));
  request.SerializeToString(message->mutable_request());
  const SteadyTime now = std::chrono::steady_clock::now();
  std::uint64_t number = 0;
  bool alone = false;
  {
    const MutexLock lock(mutex_);
    number = next_++;
    message->set_number(number);
    alone = now < unary_until_;
    if (!alone && stream_ == nullptr) {
      Open();
    }
    Call call{message, response, std::move(done), now + timeout, alone ? nullptr : stream_};
    deadlines_.emplace(call.deadline, number);
    if (call.deadline < wakes_) {
      changed_.NotifyAll();
    }
    unanswered_.emplace(number, std::move(call));
    if (!alone) {
      stream_->Send(message);
    }
  }
  if (alone) {
    SendAlone(number, message, timeout);
  }
  return number;
}

void CallClient::Impl::Open() {
  stream_ = new Stream(shared_from_this());
  stream_->Open();
}

void CallClient::Impl::SendAlone(std::uint64_t number, const Request& request,
                                 std::chrono::microseconds timeout) {
  auto call = std::make_shared<Unary>();
  const grpc::Slice slice(request->request());
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
  stub_.UnaryCall(call->context.get(), prefix_ + request->method(), {}, &call->request,
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

void CallClient::Impl::OnStreamDone(Stream* stream, const grpc::Status& status) {
  const bool unknown = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
  std::vector<Call> failed;
  struct Alone {
    std::uint64_t number;
    Request request;
    std::chrono::microseconds timeout;
  };
  std::vector<Alone> alone;
  {
    const MutexLock lock(mutex_);
    const SteadyTime now = std::chrono::steady_clock::now();
    if (stream_ == stream) {
      stream_ = nullptr;
    }
    if (unknown) {
      unary_until_ = now + kUnaryFor;
    }
    for (auto next = unanswered_.begin(); next != unanswered_.end();) {
      Call& call = next->second;
      if (call.stream != stream) {
        ++next;
      } else if (unknown && !call.cancelled) {
        call.stream = nullptr;
        alone.push_back({next->first, call.request,
                         std::chrono::duration_cast<std::chrono::microseconds>(
                             std::max(call.deadline - now, SteadyTime::duration(1)))});
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
    call.done(status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                         "the server has ended the stream of calls")
                          : status);
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
  Call call{.done = std::move(done), .deadline = SteadyTime::min(), .cancelled = true};
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
    std::optional<Call> call = Take(number);
    if (call->stream != nullptr && call->stream == stream_) {
      stream_->Abandon(number);
    } else if (call->context != nullptr) {
      call->context->TryCancel();
    }
    lock.Unlock();
    call->done(call->cancelled ? Cancelled() : Late());
    call.reset();
    lock.Lock();
  }
}

void CallClient::Impl::Stop() {
  calls_->CancelAll();
  {
    const MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    stopped_ = true;
    changed_.NotifyAll();
  }
  timer_.join();
}

CallClient::CallClient(const std::shared_ptr<grpc::Channel>& channel, const std::string& service,
                       std::shared_ptr<const CallerKey> key)
    : impl_(std::make_shared<Impl>(channel, service, std::move(key))) {}

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
