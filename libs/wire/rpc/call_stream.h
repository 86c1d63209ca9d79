// SPDX-License-Identifier: Apache-2.0
// Calls of a service's methods, many of them on one stream (belfry.v1.CallsRequest). A call of its
// own costs gRPC a dozen wake-ups of threads and two heads; here it costs a message each way.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/rpc/gate.h"
#include "libs/wire/rpc/head_first.h"
#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/served_call.h"

namespace belfry::v1 {
class CallsRequest;
}

namespace belfry::wire {

// The methods that a stream's calls can be of. Filled before the server starts.
class StreamedMethods {
 public:
  struct Method {
    std::string path;  // "/belfry.v1.StoreService/Append"
    ServedMethod serve;
  };

  // `service`: as the proto file has it, "belfry.v1.StoreService".
  explicit StreamedMethods(std::string service) : service_(std::move(service)) {}
  void Add(std::string_view name, ServedMethod method);
  // Null: there is none of that name.
  const Method* Find(const std::string& name) const;

 private:
  const std::string service_;
  std::map<std::string, Method> methods_;
};

// Deletes itself in the end. Each call is judged by the stream's head and its own method. With the
// first call that shows a withdrawn key the stream ends, so that its caller opens another with the
// key it has by then.
class CallStream final : public HeadFirstService::Reactor, private WaitingCall {
 public:
  // Calls of a stream that are not answered or whose answers wait, and the bytes of these answers:
  // beyond either no more is read.
  static constexpr std::size_t kCallsMax = 1024;
  static constexpr std::size_t kAnswersBytesMax = 4u << 20;

  // Both must outlive it.
  CallStream(const CallHead& head, HeadFirstCalls& calls, const StreamedMethods& methods);
  ~CallStream() override;

  // The head has come: refuses the stream, or reads its messages. Once.
  void Run();
  // Refuses what it reads from now on, and ends once everything is answered.
  void Drain();

 private:
  class Call;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void EndStalled() override;

  // A message has come.
  void Take(const grpc::ByteBuffer& message);
  // It is a call.
  void Begin(const v1::CallsRequest& request);
  // The call's answer; it is gone afterwards.
  void Answer(Call* call, const grpc::ByteBuffer& answer);
  // Starts what may be started; a value: the stream is over, Finish with that.
  std::optional<Status> Pump() BELFRY_REQUIRES(mutex_);
  void Stop(Error why) BELFRY_REQUIRES(mutex_);
  // The caller has gone.
  void Leave() BELFRY_REQUIRES(mutex_);
  void Add(const grpc::ByteBuffer& answer) BELFRY_REQUIRES(mutex_);
  // The caller of Pump that got `end` calls this last: the stream may be gone afterwards.
  void End(const Status& end) BELFRY_EXCLUDES(mutex_);
  void PumpAndEnd() BELFRY_EXCLUDES(mutex_);

  const CallHead head_;
  HeadFirstCalls& calls_;
  const StreamedMethods& methods_;
  grpc::ByteBuffer read_;  // by the read that is out, then by the reaction to it
  bool added_ = false;     // set by Run, then read by OnDone
  bool fruitful_ = false;  // a message has come; by reactions to reads

  Mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Call>> unanswered_ BELFRY_GUARDED_BY(mutex_);
  std::deque<grpc::ByteBuffer> answers_ BELFRY_GUARDED_BY(mutex_);  // the first may be going out
  std::size_t answers_bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool reading_ BELFRY_GUARDED_BY(mutex_) = false;    // a read is out, or its message is taken
  bool writing_ BELFRY_GUARDED_BY(mutex_) = false;    // a write is out
  bool read_all_ BELFRY_GUARDED_BY(mutex_) = false;   // the caller has half-closed or gone away
  bool cancelled_ BELFRY_GUARDED_BY(mutex_) = false;  // the caller has gone
  bool ended_ BELFRY_GUARDED_BY(mutex_) = false;
  std::optional<Error> stop_ BELFRY_GUARDED_BY(mutex_);  // why no call is taken any more
};

// Serves `name`, a method with one request and one answer, as a call of its own and on streams. The
// last two must outlive the service.
void AddServed(HeadFirstService* service, StreamedMethods* streamed, std::string_view name,
               HeadFirstCalls& calls, const ServedMethod& method);

// Serves `name`, a method that streams belfry.v1.CallsRequest and CallsResponse. `calls` and
// `methods` must outlive the service.
void AddCallStreams(HeadFirstService* service, std::string_view name, HeadFirstCalls& calls,
                    const StreamedMethods& methods);

}  // namespace belfry::wire
