// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/client_calls.h"

#include <grpcpp/client_context.h>

namespace belfry::wire {

void ClientCalls::Begin(grpc::ClientContext& context, std::chrono::microseconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  Begin(context);
}

void ClientCalls::Begin(grpc::ClientContext& context) {
  if (key_) {
    context.AddMetadata("authorization", key_->Authorization());
  }
  const MutexLock lock(mutex_);
  running_ += 1;
  to_cancel_.insert(&context);
  if (ended_) {
    context.TryCancel();
  }
}

void ClientCalls::End(std::unique_ptr<grpc::ClientContext>& context) {
  {
    const MutexLock lock(mutex_);
    to_cancel_.erase(context.get());
  }
  context.reset();
  const MutexLock lock(mutex_);
  running_ -= 1;
  if (running_ == 0) {
    none_.NotifyAll();
  }
}

void ClientCalls::CancelAll() {
  const MutexLock lock(mutex_);
  ended_ = true;
  for (grpc::ClientContext* context : to_cancel_) {
    context->TryCancel();
  }
  none_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) { return running_ == 0; });
}

}  // namespace belfry::wire
