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
  const auto caller = publisher_.Authenticate(Authorization(context));
  if (!caller.ok()) {
    return End(Fail(caller.error()));
  }
  if (const Status allowed = publisher_.Authorize(*caller, kind()); !allowed.ok()) {
    return End(allowed);
  }
  const MessageBytes message(request);
  const auto parts = Split(*caller, message.view());
  if (!parts.ok()) {
    return End(Fail(parts.error()));
  }

  const SteadyTime deadline = publisher_.Deadline(TimeLeft(context));
  results_.resize(parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto item = Accept(*caller, (*parts)[i], i, deadline);
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
  // A batch keeps its order; callers of Notify have none among them.
  publisher_.Submit(method_ == UnaryMethod::kNotifyBatch ? Appender::OpenLane() : nullptr, items_);
}

Result<std::vector<std::string_view>> UnaryCall::Split(const Caller& caller,
                                                       std::string_view bytes) {
  if (method_ != UnaryMethod::kNotifyBatch) {
    return std::vector<std::string_view>{bytes};
  }
  if (Status admitted = publisher_.Admit(caller); !admitted.ok()) {
    return Fail(std::move(admitted.error()));
  }
  auto parts = SplitBatch(bytes);
  if (!parts.ok()) {
    publisher_.ChargeRefusedBatch(caller, bytes.size());
  }
  return parts;
}

Result<ItemPtr> UnaryCall::Accept(const Caller& caller, std::string_view bytes, std::size_t index,
                                  SteadyTime deadline) {
  // A batch has paid for its first item already.
  const bool paid = method_ == UnaryMethod::kNotifyBatch && index == 0;
  if (Status admitted = paid ? Status() : publisher_.Admit(caller); !admitted.ok()) {
    return Fail(std::move(admitted.error()));
  }
  auto wanted = ParseNotifyRequest(bytes, kind());
  if (!wanted.ok()) {
    return Fail(std::move(wanted.error()));
  }
  return publisher_.Accept(
      caller, std::move(*wanted), FieldNames::Grpc(), deadline,
      [this, index](Result<Appended> result) { OnAnswer(index, std::move(result)); });
}

void UnaryCall::SetResult(std::size_t index, Result<Appended> result) {
  publisher_.CountItem(Transport::kGrpc, result);
  results_[index] = std::move(result);
}

void UnaryCall::OnAnswer(std::size_t index, Result<Appended> result) {
  SetResult(index, std::move(result));
  if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Complete();
  }
}

void UnaryCall::Complete() {
  if (method_ == UnaryMethod::kNotifyBatch) {
    v1::NotifyBatchResponse response;
    for (const auto& result : results_) {
      ToProto(*result, *response.add_results());
    }
    Encode(response, response_);
    return End({});
  }
  const Result<Appended>& result = *results_.front();
  if (!result.ok()) {
    return End(Fail(result.error()));
  }
  if (method_ == UnaryMethod::kBroadcast) {
    v1::BroadcastResponse response;
    ToProto(*result, response);
    Encode(response, response_);
  } else {
    v1::NotifyResponse response;
    ToProto(*result, response);
    Encode(response, response_);
  }
  End({});
}

void UnaryCall::End(const Status& status) {
  publisher_.metrics().CountCall(Transport::kGrpc, Name(method_),
                                 status.ok() ? Code::kOk : status.error().code);
  Finish(status.ok() ? grpc::Status::OK : wire::ToGrpc(status.error()));
}

}  // namespace belfry::ingest
