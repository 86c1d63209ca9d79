// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/unary_call.h"

#include <string>
#include <utility>

#include "libs/wire/rpc/status.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/publish/request_bytes.h"

namespace belfry::ingest {
namespace {

std::string_view Name(UnaryMethod method) {
  switch (method) {
    case UnaryMethod::kNotify:
      return "Notify";
    case UnaryMethod::kNotifyBatch:
      return "NotifyBatch";
    case UnaryMethod::kBroadcast:
      return "Broadcast";
  }
  return "?";
}

}  // namespace

void UnaryCall::Run(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request) {
  const EntryKind kind =
      method_ == UnaryMethod::kBroadcast ? EntryKind::kBroadcast : EntryKind::kNotification;
  const auto caller = publisher_.Authenticate(Authorization(context));
  if (!caller.ok()) return End(Fail(caller.error()));
  if (const Status allowed = publisher_.Authorize(*caller, kind); !allowed.ok()) {
    return End(allowed);
  }
  const MessageBytes message(request);
  const auto parts = Split(message.view());
  if (!parts.ok()) return End(Fail(parts.error()));

  const SteadyTime deadline = publisher_.Deadline(TimeLeft(context));
  results_.resize(parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto ask = ParseNotifyRequest((*parts)[i], kind);
    if (!ask.ok()) {
      publisher_.metrics().CountItem(Transport::kGrpc, ask.error().code);
      results_[i] = Fail(std::move(ask.error()));
      continue;
    }
    auto item =
        publisher_.Accept(*caller, std::move(*ask), Transport::kGrpc, FieldNames::Grpc(), deadline,
                          [this, i](Result<Appended> result) { OnAnswer(i, std::move(result)); });
    if (item.ok()) {
      items_.push_back(std::move(*item));
    } else {
      results_[i] = Fail(std::move(item.error()));
    }
  }
  if (items_.empty()) return Complete();
  waiting_.store(items_.size(), std::memory_order_release);
  // A batch keeps its order; callers of Notify have none among them.
  publisher_.Submit(method_ == UnaryMethod::kNotifyBatch ? Appender::OpenLane() : nullptr, items_);
}

Result<std::vector<std::string_view>> UnaryCall::Split(std::string_view bytes) const {
  if (method_ == UnaryMethod::kNotifyBatch) return SplitBatch(bytes);
  return std::vector<std::string_view>{bytes};
}

void UnaryCall::OnAnswer(std::size_t index, Result<Appended> result) {
  results_[index] = std::move(result);
  if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) Complete();
}

void UnaryCall::Complete() {
  if (method_ == UnaryMethod::kNotifyBatch) {
    v1::NotifyBatchResponse response;
    for (const auto& result : results_) ToProto(*result, response.add_results());
    Encode(response, response_);
    return End({});
  }
  const Result<Appended>& result = *results_.front();
  if (!result.ok()) return End(Fail(result.error()));
  // A BroadcastResponse is the same on the wire.
  v1::NotifyResponse response;
  ToProto(*result, &response);
  Encode(response, response_);
  End({});
}

void UnaryCall::End(const Status& status) {
  publisher_.metrics().CountCall(Transport::kGrpc, Name(method_),
                                 status.ok() ? Code::kOk : status.error().code);
  Finish(status.ok() ? grpc::Status::OK : wire::ToGrpc(status.error()));
}

}  // namespace belfry::ingest
