// SPDX-License-Identifier: Apache-2.0
// One core: a thread with its own event loop, listener and streams. Shares nothing with the others
// but the caps; they reach it by its mailbox.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/streams.h"
#include "services/edge/http/client_address.h"
#include "services/edge/http/cores.h"
#include "services/edge/http/cors.h"
#include "services/edge/http/routes.h"

namespace belfry::edge {

// What all cores have in common; constant once they run, except the caps, which lock.
struct CoreCommons {
  CoresOptions options;
  CoresPorts ports;
  Routes routes;
  Cors cors;
  TrustedProxies proxies;
  StreamMetrics metrics;
  Caps caps;
  // Gives a stream to the core that has all of its user's: the cap per user is kept there.
  std::function<void(StreamRequest)> hand_over;
  // A core's last stream has ended while it drains.
  std::function<void()> on_empty;
};

// Thread-safe unless said otherwise.
class Core {
 public:
  // Listens on `address`; serves once Run is called. As Cores::Start.
  static Result<std::unique_ptr<Core>> Make(CoreCommons& commons, std::string address,
                                            std::shared_ptr<const wire::JwtVerifier> verifier,
                                            std::uint64_t seed);
  // kUnavailable: another process listens on `address`. Cores share their port (SO_REUSEPORT), so
  // that listening itself would not say so.
  static Status CheckFree(const std::string& address, Log log);
  // After Run has returned.
  virtual ~Core() = default;

  // The core's thread: serves until Stop.
  virtual void Run() = 0;
  virtual void Stop() = 0;

  virtual std::uint16_t port() const = 0;
  virtual void SetPartitions(Partition partitions) = 0;
  virtual void Deliver(BatchPtr batch) = 0;
  virtual void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) = 0;
  virtual void StartDrain(std::chrono::milliseconds window) = 0;
  // Asks for an answer, unless one is still awaited; when the last one was given.
  virtual void Ping() = 0;
  virtual SteadyTime answered() const = 0;
  // Takes over the request's socket.
  virtual void Attach(StreamRequest request) = 0;

  // As of the end of the last turn.
  virtual std::size_t open() const = 0;
  virtual std::size_t catching_up() const = 0;
  virtual bool following() const = 0;
};

}  // namespace belfry::edge
