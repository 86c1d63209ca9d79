// SPDX-License-Identifier: Apache-2.0
// Errors to gRPC statuses and back, with google.rpc details (ErrorInfo with domain "belfry",
// BadRequest, RetryInfo). Stateless; any thread.
#pragma once

#include "libs/common/result.h"

namespace grpc {
class Status;
}
namespace google::rpc {
class Status;
}

namespace belfry::wire {

grpc::Status ToGrpc(const Error& error);
// `status` must not be OK. RESOURCE_EXHAUSTED without our ErrorInfo is gRPC's own: it says so of
// all calls of a connection that it ends, also of those that were carried out. It becomes
// kUnavailable, or kUnknown for a message that was too large, which no retry makes smaller.
Error FromGrpc(const grpc::Status& status);
// Of a call to another process of ours. That it does not admit this one is the operator's to mend
// and says nothing of whoever we call for: such a refusal becomes kUnavailable, its reason stays.
Error FromInternal(const grpc::Status& status);
void ToProto(const Error& error, google::rpc::Status* proto);
Error FromProto(const google::rpc::Status& proto);
grpc::Status ToGrpc(const google::rpc::Status& proto);

}  // namespace belfry::wire
