// SPDX-License-Identifier: Apache-2.0
// Calls of a HeadFirstService with one request: each is judged by its head, then its message is
// read, within a time, then it is answered. And the calls that have not ended, of all services of a
// server, with what bounds them.
#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/rpc/connections.h"
#include "libs/wire/rpc/gate.h"
#include "libs/wire/rpc/head_first.h"
#include "libs/wire/rpc/served_call.h"

namespace belfry::wire {

class CallStream;
class HeadFirstCall;

// What waits for its caller.
class WaitingCall {
 public:
  // Its time to wait ran out. Must not block.
  virtual void EndStalled() = 0;

 protected:
  ~WaitingCall() = default;
};

struct CallLimits {
  // Between a call's head and its message, and how long an answer may wait to be taken.
  std::chrono::milliseconds patience{30'000};
  // See Connections.
  std::int64_t fruitless_max = 1'000;
};

// Thread-safe.
class HeadFirstCalls {
 public:
  // `gate`: judges the calls that do not do so by themselves. `clock` must outlive it.
  HeadFirstCalls(CallLimits limits, const Clock& clock, Gate gate = nullptr)
      : limits_(limits),
        clock_(clock),
        gate_(std::move(gate)),
        connections_(limits.fruitless_max, clock) {}
  HeadFirstCalls(const HeadFirstCalls&) = delete;
  HeadFirstCalls& operator=(const HeadFirstCalls&) = delete;

  // Calls that have not ended, of those that count.
  std::size_t active() const { return active_.load(); }
  // Those on which the calls come: the server's to add to.
  Connections& connections() { return connections_; }
  // Ends those whose callers have neither sent nor taken what they should within the patience.
  // Called once a second or so.
  void EndStalled();
  // The server stops: streams of calls refuse what comes, and end when all is answered.
  void EndStreams();

 private:
  friend CallStream;
  friend HeadFirstCall;
  // From now on the call waits for its caller. It must take itself out before it goes.
  void Wait(WaitingCall* call);
  // False if it was not in: its time ran out, or it did not wait.
  bool StopWaiting(WaitingCall* call);
  // Judges a call, or one of a stream, by its head.
  Status Admit(const CallHead& head);
  // False: the server stops.
  bool AddStream(CallStream* stream);
  void RemoveStream(CallStream* stream);

  const CallLimits limits_;
  const Clock& clock_;
  const Gate gate_;
  std::atomic<std::size_t> active_{0};
  Mutex mutex_;
  std::unordered_map<WaitingCall*, SteadyTime> waiting_ BELFRY_GUARDED_BY(mutex_);
  Mutex streams_mutex_;  // taken before a stream's own, which is taken before mutex_
  std::unordered_set<CallStream*> streams_ BELFRY_GUARDED_BY(streams_mutex_);
  bool stopping_ BELFRY_GUARDED_BY(streams_mutex_) = false;
  Connections connections_;
};

// Whether a call that is refused with this has come to nothing by its caller's fault, and counts
// against its connection.
bool IsFruitless(const Error& refusal);

// Deletes itself in the end. gRPC's threads run it, one after the other, but for OnCancel.
class HeadFirstCall : public HeadFirstService::Reactor, public CallPort, private WaitingCall {
 public:
  // Whether a server that stops waits for such calls.
  enum class Counts { kNo, kYes };
  // `calls` counts it as long as it lives, and must outlive it.
  HeadFirstCall(const CallHead& head, HeadFirstCalls& calls, Counts counts = Counts::kYes);
  ~HeadFirstCall() override;

  // The head has come: refuses the call, or reads its message. Once, by the service's handler.
  void Run();
  void Answer(const google::protobuf::MessageLite& response) override;
  void Refuse(const Error& why) override;
  bool IsCancelled() const override { return context().IsCancelled(); }
  std::chrono::system_clock::time_point deadline() const override { return context().deadline(); }
  const grpc::CallbackServerContext& context() const { return head_.context(); }

 protected:
  // An error refuses the call. As it is, the gate of its calls judges.
  virtual Status Admit(const CallHead& head);
  // The caller has shown good credentials: Admit's to say.
  void NoteKnown() { calls_.connections_.NoteKnown(head_.Peer()); }
  // The whole message has come. Answers or refuses the call now or later.
  virtual void OnMessage(const grpc::ByteBuffer& message) = 0;
  // The call is about to be answered (kOk) or refused.
  virtual void OnEnd(Code /*code*/) {}

 private:
  void EndStalled() final;
  void CountFruitless();

  void OnReadDone(bool ok) final;
  void OnDone() final;

  const CallHead head_;
  HeadFirstCalls& calls_;
  const std::size_t counted_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer answer_;
  std::atomic<bool> answering_{false};
};

// Of a call whose message is not its method's request.
Error MalformedRequest();

// Serves `name`, a method with one request and one answer. `calls` must outlive the service.
void AddServed(HeadFirstService* service, std::string_view name, HeadFirstCalls& calls,
               ServedMethod method);

}  // namespace belfry::wire
