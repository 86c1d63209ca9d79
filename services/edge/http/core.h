// SPDX-License-Identifier: Apache-2.0
// One core: a thread with its own event loop, listener and streams. The cores share only the caps;
// other threads reach it by its mailbox.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/streams.h"
#include "services/edge/core/used_tickets.h"
#include "services/edge/http/client_address.h"
#include "services/edge/http/core_pool.h"
#include "services/edge/http/cors.h"
#include "services/edge/http/cross_site.h"
#include "services/edge/http/routes.h"

namespace belfry::edge {

class Core;

// What all cores share; constant once they run, except what locks: the caps and
// the tickets.
struct CoreContext {
  CoreContext(CorePoolOptions pool_options, CorePoolPorts pool_ports, Routes all_routes,
              Cors all_cors, TrustedProxies trusted)
      : options(std::move(pool_options)),
        ports(std::move(pool_ports)),
        routes(std::move(all_routes)),
        cors(std::move(all_cors)),
        proxies(std::move(trusted)),
        cross_site(options.cors_origins),
        caps(options.streams) {}

  const CorePoolOptions options;
  const CorePoolPorts ports;
  const Routes routes;
  const Cors cors;
  const TrustedProxies proxies;
  const CrossSite cross_site;
  Caps caps;
  UsedTickets tickets;
  // The core that has all streams of the request's user: the cap per user is kept there.
  std::function<Core*(const StreamRequest&)> core_of;
  // A core's last stream has ended while it drains.
  std::function<void()> on_empty;
};

// Thread-safe unless said otherwise.
class Core {
 public:
  // Listens on `address`; serves once Run is called. As CorePool::Start.
  static Result<std::unique_ptr<Core>> Open(CoreContext& context, std::string address,
                                            std::shared_ptr<const wire::JwtVerifier> verifier,
                                            std::uint64_t seed);
  // kUnavailable: another process listens on `address`. Cores share their port (SO_REUSEPORT), so
  // that listening itself would not fail.
  static Status CheckFree(const std::string& address, Log log);
  // After Run has returned.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // The core's thread: serves until Stop.
  void Run();
  void Stop();

  std::uint16_t port() const;
  void SetPartitions(Partition partitions);
  void Deliver(BatchPtr batch);
  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier);
  void CloseRevoked();
  void StartDrain(std::chrono::milliseconds window);
  // Requests an answer, unless one is still awaited; when the last one was given.
  void Ping();
  SteadyTime answered() const;
  // Takes over the request's socket.
  void Attach(StreamRequest request);

  // As of the end of the last turn.
  std::size_t streams() const;
  std::size_t catching_up() const;
  bool following() const;

 private:
  class Impl;
  explicit Core(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::edge
