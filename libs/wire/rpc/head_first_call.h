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
#include <unordered_map>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/rpc/connections.h"
#include "libs/wire/rpc/gate.h"
#include "libs/wire/rpc/head_first.h"

namespace google::protobuf {
class MessageLite;
}

namespace belfry::wire {

class HeadFirstCall;

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

 private:
  friend HeadFirstCall;
  // From now on the call waits for its caller. It must take itself out before it goes.
  void Wait(HeadFirstCall* call);
  // False if it was not in: its time ran out, or it did not wait.
  bool StopWaiting(HeadFirstCall* call);

  const CallLimits limits_;
  const Clock& clock_;
  const Gate gate_;
  std::atomic<std::size_t> active_{0};
  Mutex mutex_;
  std::unordered_map<HeadFirstCall*, SteadyTime> waiting_ BELFRY_GUARDED_BY(mutex_);
  Connections connections_;
};

// Whether a call that is refused with this has come to nothing by its caller's fault, and counts
// against its connection.
bool IsFruitless(const Error& refusal);

// Deletes itself in the end. gRPC's threads run it, one after the other, but for OnCancel.
class HeadFirstCall : public HeadFirstService::Reactor {
 public:
  // Whether a server that stops waits for such calls.
  enum class Counts { kNo, kYes };
  // `calls` counts it as long as it lives, and must outlive it.
  HeadFirstCall(const CallHead& head, HeadFirstCalls& calls, Counts counts = Counts::kYes);
  ~HeadFirstCall() override;

  // The head has come: refuses the call, or reads its message. Once, by the service's handler.
  void Run();
  // One of these two, once, on any thread; the call may be gone afterwards.
  void Answer(const google::protobuf::MessageLite& response);
  void Refuse(const Error& why);
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
  friend HeadFirstCalls;
  // Its time to wait for the caller ran out.
  void EndStalled();
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

}  // namespace belfry::wire
