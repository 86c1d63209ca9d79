// SPDX-License-Identifier: Apache-2.0
// A listening socket with a thread that accepts. gRPC 1.51's own listener never accepts again once
// descriptors ran out (CVE-2023-4785); this one waits and goes on. It also leaves the process its
// last ones.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "libs/common/log.h"
#include "libs/common/result.h"

namespace belfry::wire {

class Listener {
 public:
  // Binds and listens, without SO_REUSEPORT: a second listener on the port fails. Connections wait
  // in the kernel until Accept. "unix:/path" is a socket in the file system, for its owner only;
  // one that a process left behind is replaced, so the caller must know that none lives.
  // kInvalidArgument: malformed or unknown address; kUnavailable: cannot bind.
  static Result<std::unique_ptr<Listener>> Bind(const std::string& address, Log log);
  ~Listener();  // Stop
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }  // 0 of a unix socket
  int fd() const { return fd_; }

  // Calls `take(fd)` on the listener's thread for each connection: non-blocking, TCP_NODELAY, owned
  // by `take`. When few descriptors are left, a new connection is taken only if `make_room` has
  // ended another one, and else closed. Once.
  void Accept(std::function<void(int fd)> take, std::function<bool()> make_room);
  // Closes the socket and joins the thread; no `take` runs after it. Not from `take`.
  void Stop();

 private:
  Listener(int fd, std::uint16_t port, int wake, Log log);
  void Run(const std::function<void(int fd)>& take, const std::function<bool()>& make_room);
  // Waits until there may be a connection or Stop was called.
  void Wait(bool for_connections, int timeout_ms) const;

  int fd_;
  const std::uint16_t port_;
  const int wake_;  // an eventfd, written by Stop
  const Log log_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::wire
