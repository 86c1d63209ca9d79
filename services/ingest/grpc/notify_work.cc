// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/notify_work.h"

#include <utility>

#include "services/ingest/grpc/audience_messages.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/publish/request_bytes.h"

namespace belfry::ingest {
namespace {

// Reads and checks one notification that was paid for.
Result<ItemPtr> AcceptPaid(Publisher& publisher, const Caller& caller, std::string_view bytes,
                           EntryKind kind, SteadyTime deadline, OnAnswer on_answer) {
  auto wanted = ParseNotifyRequest(bytes, kind);
  if (!wanted.ok()) {
    return Fail(std::move(wanted.error()));
  }
  return publisher.Accept(caller, std::move(*wanted), FieldNames::Grpc(), deadline,
                          std::move(on_answer));
}

}  // namespace

std::string_view NotifyWork::name() const {
  return kind_ == EntryKind::kBroadcast ? "Broadcast" : "Notify";
}

void NotifyWork::Start(UnaryCall& call, const Caller& caller, std::string_view message,
                       SteadyTime deadline) {
  if (Status admitted = publisher_.Admit(caller); !admitted.ok()) {
    return OnAnswer(call, Fail(std::move(admitted.error())));
  }
  auto item =
      AcceptPaid(publisher_, caller, message, kind_, deadline,
                 [this, &call](const Result<PublishResult>& result) { OnAnswer(call, result); });
  if (!item.ok()) {
    return OnAnswer(call, Fail(std::move(item.error())));
  }
  item_ = *item;
  // Callers of Notify have no order among them.
  publisher_.Submit(nullptr, {std::move(*item)});
}

void NotifyWork::Cancel() {
  if (item_) {
    publisher_.Cancel({item_});
  }
}

void NotifyWork::OnAnswer(UnaryCall& call, const Result<PublishResult>& result) {
  publisher_.CountItem(Transport::kGrpc, result);
  if (!result.ok()) {
    return call.Refuse(result.error());
  }
  if (kind_ == EntryKind::kBroadcast) {
    v1::BroadcastResponse response;
    ToProto(*result, response);
    return call.Answer(response);
  }
  v1::NotifyResponse response;
  ToProto(*result, response);
  call.Answer(response);
}

void NotifySegmentWork::Start(UnaryCall& call, const Caller& caller, std::string_view message,
                              SteadyTime deadline) {
  if (Status admitted = audience_.publisher().Admit(caller); !admitted.ok()) {
    return OnAnswer(call, Fail(std::move(admitted.error())));
  }
  auto wanted = ParseSegmentRequest(message);
  if (!wanted.ok()) {
    return OnAnswer(call, Fail(std::move(wanted.error())));
  }
  audience_.Notify(
      caller, std::move(*wanted), FieldNames::Grpc(), deadline,
      [this, &call](const Result<AudienceUpdated>& result) { OnAnswer(call, result); });
}

void NotifySegmentWork::OnAnswer(UnaryCall& call, const Result<AudienceUpdated>& result) {
  audience_.publisher().CountItem(Transport::kGrpc, result);
  if (!result.ok()) {
    return call.Refuse(result.error());
  }
  v1::NotifySegmentResponse response;
  Fill(*result, &response);
  call.Answer(response);
}

void NotifyBatchWork::Start(UnaryCall& call, const Caller& caller, std::string_view message,
                            SteadyTime deadline) {
  call_ = &call;
  if (const Status admitted = publisher_.Admit(caller); !admitted.ok()) {
    return call.Refuse(admitted.error());
  }
  const auto parts = SplitBatch(message);
  if (!parts.ok()) {
    publisher_.ChargeRefusedBatch(caller, message.size());
    return call.Refuse(parts.error());
  }
  results_.resize(parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto item = Accept(caller, (*parts)[i], i, deadline);
    if (item.ok()) {
      items_.push_back(std::move(*item));
    } else {
      SetResult(i, Fail(std::move(item.error())));
    }
  }
  if (items_.empty()) {
    return Complete();
  }
  waiting_.store(items_.size(), std::memory_order_release);
  publisher_.Submit(Appender::OpenGroup(), items_);
}

Result<ItemPtr> NotifyBatchWork::Accept(const Caller& caller, std::string_view bytes,
                                        std::size_t index, SteadyTime deadline) {
  // The batch has paid for its first item already.
  if (Status admitted = index == 0 ? Status() : publisher_.Admit(caller); !admitted.ok()) {
    return Fail(std::move(admitted.error()));
  }
  return AcceptPaid(
      publisher_, caller, bytes, EntryKind::kNotification, deadline,
      [this, index](Result<PublishResult> result) { OnAnswer(index, std::move(result)); });
}

void NotifyBatchWork::SetResult(std::size_t index, Result<PublishResult> result) {
  publisher_.CountItem(Transport::kGrpc, result);
  results_[index] = std::move(result);
}

void NotifyBatchWork::OnAnswer(std::size_t index, Result<PublishResult> result) {
  SetResult(index, std::move(result));
  if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Complete();
  }
}

void NotifyBatchWork::Complete() {
  v1::NotifyBatchResponse response;
  for (const auto& result : results_) {
    ToProto(*result, *response.add_results());
  }
  call_->Answer(response);
}

}  // namespace belfry::ingest
