// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server: reads requests strictly, hands them to a handler, writes its answer.
// Used by admin ports, REST publish and the edge.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "libs/http/message.h"

namespace boost::asio {
class io_context;
}

namespace belfry::http {

struct ServerLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;
  // Of all bodies that are being read, together; beyond: 429. One alone may always be read.
  std::size_t bodies_bytes_max = 64 * 1024 * 1024;
  // The same of one account (see HeadVerdict), so that none takes the room of all.
  std::size_t account_bytes_max = 16 * 1024 * 1024;
  std::chrono::milliseconds header_timeout{5'000};  // whole head, from the first byte or accept
  std::chrono::milliseconds body_timeout{10'000};   // whole body, from the end of the head
  std::chrono::milliseconds write_timeout{10'000};  // whole response
  std::chrono::milliseconds idle_timeout{30'000};   // between requests of a kept connection
  // Of this server. Beyond it the one that has been idle for the longest time is closed for each
  // new one, of those that have shown no good credentials if there are any (Responder::NoteKnown);
  // while none is idle, new ones wait to be accepted.
  std::uint32_t connections_max = 4'096;
  // Of one address (IPv6: of its /64), so that nobody takes all of them; beyond: closed.
  std::uint32_t connections_per_address_max = 1'024;
  // So many may wait in the kernel to be accepted, where the port is shared (reuse_port): each
  // listening socket holds net.core.somaxconn of them, so there are as many sockets as that takes,
  // up to 64. More than a storm of reconnects sends in the time that the thread works on something.
  std::size_t unaccepted_max = 0;
  // A new connection may take so long to begin its request before it counts as idle. Short, because
  // in a flood each place is used by one stranger for so long.
  std::chrono::milliseconds silent_min{100};
};

// What is decided on a request's head, before its body is read. Only asked about bodies that have
// not come together with their heads.
struct HeadVerdict {
  // False: the handler answers without the body, which is then empty, and the connection ends.
  bool read_body = true;
  std::size_t body_bytes_max = std::numeric_limits<std::size_t>::max();  // or the server's; 413
  std::string account = {};  // whose bodies the body counts among
};
// Called on the io_context's thread. Must not block and must not throw.
using HeadJudge = std::function<HeadVerdict(const Request& head)>;

struct ServerOptions {
  std::string address;      // "127.0.0.1:0"
  bool reuse_port = false;  // SO_REUSEPORT: one server per core on one port
  ServerLimits limits;
  // Whether an address is a proxy's, for which there is no bound per address; null: none is.
  std::function<bool(std::string_view address)> is_proxy = {};
  HeadJudge judge = {};  // none: every body is read
  // Counters by what was refused are added under this name with a label "reason"; empty = none.
  std::string refused_metric;
};

// How a handler answers: Send or TakeSocket, once; later calls are ignored. Dropped unused, it
// sends a 500. May be kept for longer than the server lives.
class Responder {
 public:
  virtual ~Responder() = default;
  // Writes `response` and goes on with the connection. Thread-safe.
  virtual void Send(Response response) = 0;
  // Leaves the HTTP room: the caller owns the returned non-blocking, connected descriptor,
  // TCP_NODELAY set, and nothing has been written to it. Bytes the peer sent after its request are
  // dropped. Only on the server's io_context thread; -1 if the peer is gone already. Frees the
  // connection's parser and buffers and stops counting it towards connections_max.
  virtual int TakeSocket() = 0;
  // The request has shown good credentials: its connection gives way to new ones only after all
  // that have not. Before Send; thread-safe.
  virtual void NoteKnown() = 0;
  // Called once on the io_context thread if the peer resets the connection before the answer.
  // Optional; thread-safe. A peer that has ended its own side is not gone: it may wait for the
  // answer.
  virtual void OnPeerGone(std::function<void()> callback) = 0;
};

// Called on the io_context's thread. Must not block and must not throw.
using Handler = std::function<void(Request, std::shared_ptr<Responder>)>;

// Everything runs on the threads of `io` (one). Destroy after `io` has stopped or on its thread.
class Server {
 public:
  // Listens at once. kInvalidArgument: bad address; kUnavailable: cannot bind ("address in use").
  static Result<std::unique_ptr<Server>> Listen(boost::asio::io_context& io, ServerOptions options,
                                                Handler handler, Metrics* metrics, Log log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The bound port.
  std::uint16_t port() const;
  // Stops accepting; requests under way are answered with "Connection: close". On io's thread or
  // through a post.
  void StopAccepting();
  // How many connections are open (without taken ones).
  std::size_t connections() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::http
