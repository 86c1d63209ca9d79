// SPDX-License-Identifier: Apache-2.0
// Serves browsers: one thread, listener and set of streams per core.
// Every public call is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "libs/http/server.h"
#include "libs/wire/auth/jwt.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/event.h"
#include "services/edge/core/feed_source.h"
#include "services/edge/core/options.h"
#include "services/edge/core/revocations.h"
#include "services/edge/http/routes.h"

namespace belfry::edge {

struct CorePoolOptions {
  std::string address = "127.0.0.1:8080";  // edge_http; port 0 takes a free one
  std::int64_t cores = 0;                  // edge_cores; 0: as many as the machine has
  http::ServerLimits http;
  StreamOptions streams;
  // edge_cors_origins: exact origins ("https://app.example.com") that may read our answers.
  std::vector<std::string> cors_origins;
  // edge_trusted_proxies: addresses or CIDR blocks whose X-Forwarded-For is trusted.
  std::vector<std::string> trusted_proxies;
  // edge_ticket_stream_max: how long a ticket's stream lives, if the ticket does not say so.
  std::chrono::seconds ticket_stream_max{3'600};
  // token_lifetime_max: no ticket's stream lives longer, whatever it says.
  std::chrono::seconds token_lifetime_max = std::chrono::hours(30 * 24);
};

// What the cores use; all must outlive them.
struct CorePoolPorts {
  FeedSource& feeds;
  Revocations& revocations;
  const Renderer& renderer;
  const Clock& clock;
  Metrics& metrics;
  Log log;
};

struct CorePoolStats {
  std::uint64_t streams = 0;      // open, all cores together
  std::uint64_t catching_up = 0;  // of them
  bool following = false;         // SetPartitions was called and every partition has a position
};

class CorePool {
 public:
  // Listens and serves. `routes` is what is served besides /v1/stream.
  // kInvalidArgument: a malformed address, origin or CIDR block; kUnavailable: cannot listen.
  static Result<std::unique_ptr<CorePool>> Start(CorePoolOptions options, CorePoolPorts ports,
                                                 std::shared_ptr<const wire::JwtVerifier> verifier,
                                                 Routes routes);
  // Closes every stream at once and joins the threads. Deliver must not be running.
  ~CorePool();
  CorePool(const CorePool&) = delete;
  CorePool& operator=(const CorePool&) = delete;

  std::uint16_t port() const;

  // How many partitions the store has. Call once, before the first Deliver. Until then, and for a
  // partition until its first batch, streams get a bye, overloaded, with a short retry; likewise
  // until the table of revocations is loaded, and requests of /v1/ get 503.
  void SetPartitions(Partition partitions);

  // Hands `batch` to every core. The first batch of a partition sets where live delivery starts (it
  // may have no entries); from then on they come strictly in order. Never blocks.
  void Deliver(BatchPtr batch);

  // Verifies tokens with these keys from now on. Streams whose token was verified with a key that
  // is not among them get a bye, revoked.
  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier);

  // Sends a bye to the streams of tokens that the table of revocations has, which was filled by
  // others than Deliver.
  void CloseRevoked();

  // Stops accepting, then closes all streams evenly over `window`, each with `bye` draining and a
  // jittered retry. Returns once all are gone, at the latest a few seconds after the window.
  void Drain(std::chrono::milliseconds window);

  // Requests an answer of every core's thread, which comes at once if it runs. When the slowest one
  // last answered (at first: when it was made).
  void Ping();
  SteadyTime answered() const;

  CorePoolStats stats() const;

 private:
  class Impl;
  explicit CorePool(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::edge
