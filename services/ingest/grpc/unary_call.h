// SPDX-License-Identifier: Apache-2.0
// Notify, NotifyBatch and Broadcast: one request, one answer. Private to this room.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

enum class UnaryMethod { kNotify, kNotifyBatch, kBroadcast };

// Deletes itself in the end. Its items are answered exactly once each, the last answer finishes
// it, and only then can it go: so the answers may hold a plain pointer.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  // `active` is one higher as long as it lives.
  UnaryCall(Publisher& publisher, UnaryMethod method, grpc::ByteBuffer* response,
            std::atomic<std::size_t>& active)
      : publisher_(publisher), method_(method), response_(response), active_(active) {
    active_.fetch_add(1);
  }

  void Refuse(Error why) { End(Fail(std::move(why))); }
  void Run(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request);

  void OnCancel() override { publisher_.Cancel(items_); }
  void OnDone() override {
    active_.fetch_sub(1);
    delete this;
  }

 private:
  Result<std::vector<std::string_view>> Split(const Caller& caller, std::string_view bytes);
  // Makes the item of one notification's bytes, whose answer will be that of `index`.
  Result<ItemPtr> Accept(const Caller& caller, std::string_view bytes, std::size_t index,
                         SteadyTime deadline);
  EntryKind kind() const {
    return method_ == UnaryMethod::kBroadcast ? EntryKind::kBroadcast : EntryKind::kNotification;
  }
  void SetResult(std::size_t index, Result<Appended> result);
  void OnAnswer(std::size_t index, Result<Appended> result);
  void Complete();
  void End(const Status& status);

  // Constant once Run has submitted.
  Publisher& publisher_;
  const UnaryMethod method_;
  grpc::ByteBuffer* const response_;
  std::atomic<std::size_t>& active_;
  std::vector<ItemPtr> items_;
  // Each written by one thread; waiting_ orders the writes before Complete reads.
  std::vector<std::optional<Result<Appended>>> results_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace belfry::ingest
