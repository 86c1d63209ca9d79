// SPDX-License-Identifier: Apache-2.0
// Calls to a server on this machine, over a socket in the file system.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "libs/common/result.h"

namespace belfry::wire {

// A channel over a connection to the Unix socket at `path`, made here and never made again: once it
// breaks, calls are UNAVAILABLE. kNotFound: no process listens there. kPermissionDenied: it is not
// ours. kInvalidArgument: `path` is empty or too long for a socket. kUnavailable: anything else.
Result<std::shared_ptr<grpc::Channel>> ConnectUnix(const std::string& path);

}  // namespace belfry::wire
