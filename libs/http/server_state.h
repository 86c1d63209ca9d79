// SPDX-License-Identifier: Apache-2.0
// What a server, its connections and the answers under way share. Outlives the server when an
// answer is still out.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
  // False: its address has all that it may have.
  [[nodiscard]] bool Add(std::shared_ptr<Connection> connection, std::string_view address);
  void Remove(const Connection* connection);
  // The connections that wait for a request, the one that has waited for the longest time first.
  // `known`: those that have shown good credentials, or those that have not.
  std::list<Connection*>& idle(bool known) { return known ? known_idle_ : idle_; }
  // Closes the first of them, one that has shown none if there is one; false: it has not waited for
  // long enough, or there is none.
  bool CloseOldestIdle();
  // One connection that holds `held` bytes of its body for `account` reads `more`; false: no room
  // for them.
  [[nodiscard]] bool ReserveBody(const std::string& account, std::size_t held, std::size_t more);
  void ReleaseBody(const std::string& account, std::size_t bytes);
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
  // By address, or by the first 64 bits of one of IPv6. Ordered: nobody can make it slow.
  using Addresses = std::map<std::string, std::uint32_t, std::less<>>;
  struct Open {
    std::shared_ptr<Connection> connection;
    Addresses::iterator address;
  };

  std::size_t bodies_bytes_ = 0;                 // that are being read
  std::map<std::string, std::size_t> accounts_;  // of these, by account; none has 0
  std::array<Counter, kReasons> refused_;
  std::atomic<std::size_t> open_ = 0;
  std::unordered_map<const Connection*, Open> connections_;
  std::list<Connection*> idle_;
  std::list<Connection*> known_idle_;
  Addresses addresses_;

  Mutex mutex_;
  bool reachable_ BELFRY_GUARDED_BY(mutex_) = true;  // `io` may be posted to
};

}  // namespace belfry::http
