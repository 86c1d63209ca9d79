// SPDX-License-Identifier: Apache-2.0
// What Notify, Broadcast, NotifyBatch and NotifySegment do. Private to this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "services/ingest/grpc/unary_call.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

// Notify or Broadcast, by `kind`.
class NotifyWork final : public UnaryWork {
 public:
  NotifyWork(Publisher& publisher, EntryKind kind) : publisher_(publisher), kind_(kind) {}

  std::string_view name() const override;
  Status Authorize(const Caller& caller) override { return publisher_.Authorize(caller, kind_); }
  void Start(UnaryCall& call, const Caller& caller, std::string_view message,
             SteadyTime deadline) override;
  void Cancel() override;

 private:
  void OnAnswer(UnaryCall& call, const Result<PublishResult>& result);

  Publisher& publisher_;
  const EntryKind kind_;
  ItemPtr item_;  // constant once submitted; null: refused
};

class NotifySegmentWork final : public UnaryWork {
 public:
  explicit NotifySegmentWork(Audience& audience) : audience_(audience) {}

  std::string_view name() const override { return "NotifySegment"; }
  Status Authorize(const Caller& caller) override {
    return audience_.Authorize(caller, AudienceOp::kNotifySegment);
  }
  void Start(UnaryCall& call, const Caller& caller, std::string_view message,
             SteadyTime deadline) override;
  // The store's answer ends it, at the call's deadline at the latest.
  void Cancel() override {}

 private:
  void OnAnswer(UnaryCall& call, const Result<AudienceUpdated>& result);

  Audience& audience_;
};

// Its items are answered exactly once each, and the last answer is the call's: so the answers may
// hold a plain pointer.
class NotifyBatchWork final : public UnaryWork {
 public:
  explicit NotifyBatchWork(Publisher& publisher) : publisher_(publisher) {}

  std::string_view name() const override { return "NotifyBatch"; }
  Status Authorize(const Caller& caller) override {
    return publisher_.Authorize(caller, EntryKind::kNotification);
  }
  void Start(UnaryCall& call, const Caller& caller, std::string_view message,
             SteadyTime deadline) override;
  void Cancel() override { publisher_.Cancel(items_); }

 private:
  // Makes the item of one notification's bytes, whose answer will be that of `index`.
  Result<ItemPtr> Accept(const Caller& caller, std::string_view bytes, std::size_t index,
                         SteadyTime deadline);
  void SetResult(std::size_t index, Result<PublishResult> result);
  void OnAnswer(std::size_t index, Result<PublishResult> result);
  void Complete();

  Publisher& publisher_;
  // Constant once submitted.
  UnaryCall* call_ = nullptr;
  std::vector<ItemPtr> items_;
  // Each written by one thread; waiting_ orders the writes before Complete reads.
  std::vector<std::optional<Result<PublishResult>>> results_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace belfry::ingest
