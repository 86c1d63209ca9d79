// SPDX-License-Identifier: Apache-2.0
// Mutual TLS from PEM files. Internal to this room.
#pragma once

#include <grpc/grpc_security.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/rpc/server.h"

namespace belfry::wire {

// The files' contents.
struct TlsPems {
  std::string ca, cert, key;
};

// A server's certificates, which may be read again while it serves. Thread-safe; it must outlive
// the server that uses its credentials, of which there may be one.
class ServerTls {
 public:
  // Plain text when `files` names none. kInvalidArgument: one cannot be read or used, by its path.
  static Result<std::unique_ptr<ServerTls>> Load(const TlsFiles& files);

  std::shared_ptr<grpc::ServerCredentials> Credentials();
  // Reads the files again, for connections from now on. On an error what was read before stays.
  Status Reload();

 private:
  ServerTls(TlsFiles files, TlsPems pems) : files_(std::move(files)), pems_(std::move(pems)) {}
  // gRPC asks at the start and before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config);

  const TlsFiles files_;
  Mutex mutex_;
  TlsPems pems_ BELFRY_GUARDED_BY(mutex_);
  bool fresh_ BELFRY_GUARDED_BY(mutex_) = true;  // gRPC has not fetched them yet
};

// Plain text when `tls` names no files; errors as ServerTls::Load. Files that are replaced are used
// for connections from some seconds later on.
Result<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const TlsFiles& tls);

}  // namespace belfry::wire
