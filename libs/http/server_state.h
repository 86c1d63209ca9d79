// SPDX-License-Identifier: Apache-2.0
// What a server, its connections and the answers under way share. Outlives the server when an
// answer is still out.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "libs/http/asio_types.h"
#include "libs/http/refusal.h"
#include "libs/http/server.h"

namespace belfry::http {

class Connection;

class ServerState {
 public:
  ServerState(asio::io_context& io_context, ServerOptions server_options, Handler on_request,
              Metrics* metrics, Log its_log);

  // Any thread. Runs `work` on the io_context's thread: now if this is it, else soon. Once the
  // server is gone `work` is dropped.
  void Run(std::function<void()> work);

  // Any thread.
  void Count(Reason reason) const { refused_[static_cast<std::size_t>(reason)].Add(); }
  std::size_t open() const { return open_; }

  // The rest: the io_context's thread only.
  void Add(std::shared_ptr<Connection> connection);
  void Remove(const Connection* connection);
  // One connection that holds `held` bytes of its body reads `more`; false: no room for them.
  [[nodiscard]] bool ReserveBody(std::size_t held, std::size_t more);
  void ReleaseBody(std::size_t bytes) { bodies_bytes_ -= bytes; }
  // Closes idle connections and lets no other live longer than its answer.
  void Stop();
  // The server ends: closes all connections and makes no callbacks.
  void Shut();

  // Constant after construction.
  asio::io_context& io;
  const ServerOptions options;
  const Log log;

  // The io_context's thread only.
  Handler handler;
  bool stopping = false;

 private:
  std::size_t bodies_bytes_ = 0;  // that are being read
  std::array<Counter, kReasons> refused_;
  std::atomic<std::size_t> open_ = 0;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;

  Mutex mutex_;
  bool reachable_ BELFRY_GUARDED_BY(mutex_) = true;  // `io` may be posted to
};

}  // namespace belfry::http
