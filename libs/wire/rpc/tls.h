// SPDX-License-Identifier: Apache-2.0
// Mutual TLS from PEM files. Internal to this room.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "libs/common/result.h"
#include "libs/wire/rpc/server.h"

namespace belfry::wire {

// Plain text when `tls` names no files. kInvalidArgument: one cannot be read or used, by its path.
Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const TlsFiles& tls);
Result<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const TlsFiles& tls);

}  // namespace belfry::wire
