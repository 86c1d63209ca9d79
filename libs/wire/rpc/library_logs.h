// SPDX-License-Identifier: Apache-2.0
// gRPC and protobuf write lines of their own form to stderr; this makes them lines of ours.
#pragma once

#include "libs/common/log.h"

namespace belfry::wire {

// From now on gRPC and protobuf write to `log`, for the whole process: both have one destination
// only. The first call wins; RpcServer::Start makes it, a process without a server calls it before
// its first channel. Of one place in gRPC's code at most five lines a minute are written, the next
// with the number of those left out: callers could fill the log otherwise. Protobuf's lines on
// malformed messages are dropped, because senders could fill the log with them and the code that
// parsed the message reports it. Thread-safe.
void RouteLibraryLogs(const Log& log);

}  // namespace belfry::wire
