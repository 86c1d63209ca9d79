// SPDX-License-Identifier: Apache-2.0
// The calls that a client has under way on gRPC's threads, so that they can be cancelled and their
// end be waited for.
//
// A call's context holds its channel. When a channel's last reference goes on one of gRPC's own
// threads, gRPC 1.51 joins that thread with itself and aborts the process a little later
// (github.com/grpc/grpc/pull/32584). So a call counts until its context is gone: after a
// wait for all calls the caller's own reference is the last.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_set>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/wire/rpc/caller_key.h"

namespace grpc {
class ClientContext;
}

namespace belfry::wire {

// Thread-safe. Calls share it, since the last of them may still be inside End when a client that
// waits goes on. It must not hold a channel itself.
class ClientCalls {
 public:
  // `key` is shown by every call; null: none is.
  explicit ClientCalls(std::shared_ptr<const CallerKey> key = nullptr) : key_(std::move(key)) {}

  // A call is about to start. Cancelled at once if CancelAll has been called.
  void Begin(grpc::ClientContext& context, std::chrono::microseconds timeout);
  // The same for one that may last for ever.
  void Begin(grpc::ClientContext& context);
  // The last that a call does but for freeing its own memory: destroys the context.
  void End(std::unique_ptr<grpc::ClientContext>& context);
  // Cancels all calls, those to come too, and waits until each has ended.
  void CancelAll();

 private:
  const std::shared_ptr<const CallerKey> key_;
  Mutex mutex_;
  CondVar none_;
  std::unordered_set<grpc::ClientContext*> to_cancel_ BELFRY_GUARDED_BY(mutex_);
  int running_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool ended_ BELFRY_GUARDED_BY(mutex_) = false;
};

}  // namespace belfry::wire
