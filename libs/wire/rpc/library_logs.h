// SPDX-License-Identifier: Apache-2.0
// gRPC and protobuf write lines of their own form to stderr; this makes them lines of ours.
#pragma once

#include "libs/common/log.h"

namespace belfry::wire {

// From now on what gRPC and protobuf have to say goes to `log`, for the whole process: both know
// but one destination. The first call wins; RpcServer::Start makes it, a process without a server
// calls it itself before its first channel. Protobuf's word on a malformed message goes nowhere,
// because strangers could fill the log with it and whoever parsed it reports it. Thread-safe.
void RouteLibraryLogs(const Log& log);

}  // namespace belfry::wire
