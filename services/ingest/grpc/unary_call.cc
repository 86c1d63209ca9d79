// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/unary_call.h"

#include "libs/wire/rpc/status.h"
#include "services/ingest/grpc/calls.h"

namespace belfry::ingest {

void UnaryCall::Run(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request) {
  const auto caller = publisher_.Authenticate(Authorization(context));
  if (!caller.ok()) {
    return Refuse(caller.error());
  }
  if (const Status allowed = work_->Authorize(*caller); !allowed.ok()) {
    return Refuse(allowed.error());
  }
  const SteadyTime deadline = publisher_.Deadline(TimeLeft(context));
  const MessageBytes message(request);
  work_->Start(*this, *caller, message.view(), deadline);
}

void UnaryCall::Answer(const google::protobuf::MessageLite& response) {
  Encode(response, response_);
  End({});
}

void UnaryCall::Refuse(const Error& why) { End(Fail(why)); }

void UnaryCall::End(const Status& status) {
  publisher_.metrics().CountCall(Transport::kGrpc, work_->name(),
                                 status.ok() ? Code::kOk : status.error().code);
  Finish(status.ok() ? grpc::Status::OK : wire::ToGrpc(status.error()));
}

}  // namespace belfry::ingest
