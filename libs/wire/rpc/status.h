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
Error FromGrpc(const grpc::Status& status);  // status must not be OK
void ToProto(const Error& error, google::rpc::Status* proto);
Error FromProto(const google::rpc::Status& proto);

}  // namespace belfry::wire
