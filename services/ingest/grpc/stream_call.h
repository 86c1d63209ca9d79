// SPDX-License-Identifier: Apache-2.0
// NotifyStream: requests in, acknowledgements out, in order. Private to this room.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "libs/common/mutex.h"
#include "libs/wire/rpc/gate.h"
#include "libs/wire/rpc/head_first_call.h"
#include "services/ingest/core/ack_window.h"
#include "services/ingest/grpc/notify_service.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

class StreamCall;

// The streams that are open. Thread-safe.
class OpenStreams {
 public:
  explicit OpenStreams(Gauge gauge) : gauge_(gauge) {}
  // False if there are `max` already.
  bool Add(StreamCall* stream, std::size_t max);
  void Remove(StreamCall* stream);
  void Drain();
  void EndStalled(SteadyTime now, const StreamLimits& limits);
  bool draining() const;
  std::size_t size() const;

 private:
  const Gauge gauge_;
  mutable Mutex mutex_;  // taken before a stream's own
  std::unordered_set<StreamCall*> streams_ BELFRY_GUARDED_BY(mutex_);
  bool draining_ BELFRY_GUARDED_BY(mutex_) = false;
};

// Deletes itself in the end, as UnaryCall does: Finish waits for every item's answer.
class StreamCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamCall(const wire::CallHead& head, Publisher& publisher, wire::HeadFirstCalls& calls,
             const StreamLimits& limits, OpenStreams& streams)
      : head_(head),
        publisher_(publisher),
        calls_(calls),
        limits_(limits),
        streams_(streams),
        opened_(publisher.Now()),
        window_(limits.unacknowledged_max, kAnswersBytesMax) {}

  void Run();
  // Reads no further and ends once everything read is acknowledged.
  void Drain();
  // Ends if an acknowledgement has waited for the caller since before `stalled`; reads no further
  // if it was opened before `old`.
  void EndStalled(SteadyTime stalled, SteadyTime old);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Refusals say much; who does not take them is not read any further.
  static constexpr std::size_t kAnswersBytesMax = 64 * 1024;

  void Take(std::string_view message);
  void NewTrail();
  Status StillAllowed();
  void OnAnswer(std::uint64_t number, Result<PublishResult> result);
  // Checks one request and makes its item, whose answer will be number `number`.
  Result<ItemPtr> Accept(std::string_view message, std::uint64_t number);
  // The request's acknowledgement may be written.
  void SetAnswer(std::uint64_t number, Result<PublishResult> result) BELFRY_REQUIRES(mutex_);
  // Starts what may be started; a value: the call is over, End it with that.
  std::optional<Status> Pump() BELFRY_REQUIRES(mutex_);
  void Stop(Error why) BELFRY_REQUIRES(mutex_);
  // By the caller that got the value from Pump, as its last action: the StreamCall may be destroyed
  // afterwards. For all other threads it may be destroyed as soon as the mutex is free.
  void End(const Status& status) BELFRY_EXCLUDES(mutex_);

  const wire::CallHead head_;
  Publisher& publisher_;
  wire::HeadFirstCalls& calls_;
  const StreamLimits limits_;
  OpenStreams& streams_;
  // Set by Run, then read only by reactions to reads, which come one at a time, and by OnDone.
  std::string authorization_;
  Caller caller_;
  OrderedGroupPtr group_;
  bool registered_ = false;
  bool fruitless_ = true;  // no message has come, by the caller's fault
  const SteadyTime opened_;
  grpc::ByteBuffer read_;

  Mutex mutex_;
  AckWindow<Result<PublishResult>> window_ BELFRY_GUARDED_BY(mutex_);
  std::map<std::uint64_t, ItemPtr> items_ BELFRY_GUARDED_BY(mutex_);  // submitted and not answered
  grpc::ByteBuffer write_ BELFRY_GUARDED_BY(mutex_);
  bool reading_ BELFRY_GUARDED_BY(mutex_) = false;  // a read is out
  bool taking_ BELFRY_GUARDED_BY(mutex_) = false;   // one has come and is being processed
  bool writing_ BELFRY_GUARDED_BY(mutex_) = false;  // a write is out
  SteadyTime writing_since_ BELFRY_GUARDED_BY(mutex_);
  bool read_all_ BELFRY_GUARDED_BY(mutex_) = false;   // the caller has half-closed or gone away
  bool cancelled_ BELFRY_GUARDED_BY(mutex_) = false;  // the caller has gone
  bool ended_ BELFRY_GUARDED_BY(mutex_) = false;
  std::optional<Error> stop_ BELFRY_GUARDED_BY(mutex_);  // why we read no further
};

}  // namespace belfry::ingest
