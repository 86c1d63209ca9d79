// SPDX-License-Identifier: Apache-2.0
// Accepts connections for a server. Not thread-safe: the io_context's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "libs/common/result.h"
#include "libs/http/asio_types.h"
#include "libs/http/server_state.h"

namespace belfry::http {

// How many listening sockets hold `unaccepted_max` connections that wait, if each holds `somaxconn`
// (net.core.somaxconn; 0 = unknown). At least 1, at most 64.
std::size_t QueuesFor(std::size_t unaccepted_max, std::size_t somaxconn);

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(std::shared_ptr<ServerState> state);

  // Binds and listens; Accept comes next. Errors as Server::Listen's.
  Status Open();
  void Accept();
  void Close();
  std::uint16_t port() const { return port_; }

 private:
  // A descriptor that closes itself.
  class Descriptor {
   public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();
    int get() const { return fd_; }
    int Release() { return std::exchange(fd_, -1); }

   private:
    int fd_;
  };
  // Taken and not started. A socket of asio's would cost 90 bytes more, for each that ever waited.
  struct Waiting {
    Descriptor socket;
    asio::ip::tcp::endpoint peer;
  };

  // A listening socket, which is one queue of the kernel's.
  struct Queue {
    Acceptor acceptor;
    bool awaited = false;  // OnReadable will be called
  };

  // One more, on `endpoint`.
  ErrorCode OpenQueue(const asio::ip::tcp::endpoint& endpoint);
  void OnReadable(Queue& queue, const ErrorCode& error);
  // What the kernel holds in all queues, up to a bound.
  void TakeAllThatWait();
  // The same of one.
  void TakeFrom(Acceptor& acceptor);
  // There is room for one more, or an idle one gives way to it.
  bool MakesRoom(Acceptor& acceptor);
  void Take(Waiting waiting);
  void Start(Waiting waiting);
  // Starts some of those that were taken, after all other work that waits; when none is left, the
  // next one is awaited.
  void StartSome();
  // Without descriptors accept() fails at once and for ever: it is tried again a little later.
  void Pause(const ErrorCode& error);
  void AcceptLater(std::chrono::milliseconds pause);

  const std::shared_ptr<ServerState> state_;
  // More than one of a shared port. A deque: their addresses stay.
  std::deque<Queue> queues_;
  Timer timer_;
  std::deque<Waiting> waiting_;
  ErrorCode failed_ = {};  // why no more can be taken
  std::uint16_t port_ = 0;
  bool pausing_ = false;
  bool full_ = false;  // the next one has to wait
  bool busy_ = false;  // what was taken is being started, or a pause lasts
  bool closed_ = false;
};

}  // namespace belfry::http
