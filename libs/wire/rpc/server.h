// SPDX-License-Identifier: Apache-2.0
// A gRPC server as every service here runs it: the health service on, SO_REUSEPORT
// off (a second process on the port must fail), keepalive tolerant, sizes bounded, TLS or loopback,
// and with a listener that survives descriptor exhaustion (see listener.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/log.h"
#include "libs/common/result.h"

namespace grpc {
class Service;
class Channel;
}  // namespace grpc

namespace belfry::wire {

class HeadFirstCalls;

// Paths of PEM files. All empty: plain text. All three are needed otherwise (mutual TLS).
struct TlsFiles {
  std::string ca;
  std::string cert;
  std::string key;
  bool enabled() const { return !ca.empty(); }
};

struct RpcServerOptions {
  std::string address;  // "127.0.0.1:7100", port 0 picks one; "unix:/path" (see listener.h)
  TlsFiles tls;
  int message_bytes_max = 8 * 1024 * 1024;
  int concurrent_streams_max = 1024;  // per connection
  // Of one call. Beyond it gRPC ends the whole connection, and with it the calls of others who
  // share it through a proxy.
  int metadata_bytes_max = 64 * 1024;
  // What gRPC may hold of its callers: beyond it calls are ended.
  std::size_t memory_bytes_max = 512 * 1024 * 1024;
  // How long a connection may be without a call. How old it gets: then its client is told to open
  // another, and it ends when its calls have, after as long again at the latest. 0: no limit.
  std::chrono::milliseconds connection_idle_max{300'000};
  std::chrono::milliseconds connection_age_max{0};
  bool reflection = false;  // describes the services to whoever can connect
  // Those of its services, to which it adds its connections, calls of no method and health checks.
  // Null: it has some of its own. They must outlive it.
  HeadFirstCalls* calls = nullptr;
};

// Thread-safe.
class RpcServer {
 public:
  // Serves `services`, which must outlive it. kUnavailable: cannot bind; kInvalidArgument: a bad
  // address or an unusable TLS file, by name.
  static Result<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options,
                                                  const std::vector<grpc::Service*>& services,
                                                  Log log);
  ~RpcServer();  // Shutdown with no patience, then waits
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  std::uint16_t port() const;
  // Reads the TLS files again, for connections from now on; nothing without TLS. On an error, the
  // one of Start, those in use stay.
  Status ReloadTls();
  // What grpc.health.v1 answers for "" and every service; false until the first call.
  void SetServing(bool serving);
  // Closes the port, refuses new calls, gives running ones `patience`, then cancels them. Blocks
  // till done: a reactor that never finishes its call blocks it for ever.
  void Shutdown(std::chrono::milliseconds patience);

 private:
  class Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

// A channel with keepalive and bounded reconnect backoff (100 ms to 2 s). Never blocks; connects
// by itself. kInvalidArgument: an unusable TLS file.
Result<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target, const TlsFiles& tls,
                                                   int message_bytes_max = 8 * 1024 * 1024);

}  // namespace belfry::wire
